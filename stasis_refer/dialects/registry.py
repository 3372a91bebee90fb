"""Every dialect by its name in the configuration."""

from collections.abc import Mapping
from typing import Final

from stasis_refer.dialects.bxml import BXML
from stasis_refer.dialects.dialect import Dialect
from stasis_refer.dialects.jambonz import JAMBONZ
from stasis_refer.dialects.rcml import RCML
from stasis_refer.dialects.twiml import TWIML

DIALECTS: Final[Mapping[str, Dialect]] = {each.name: each for each in (TWIML, RCML, BXML, JAMBONZ)}
