"""The vendors' REST interfaces."""

from typing import Final

from stasis_refer.dialects.bxml_rest import BXML_REST
from stasis_refer.dialects.jambonz_rest import JAMBONZ_REST
from stasis_refer.dialects.rcml_rest import RCML_REST
from stasis_refer.dialects.rest import RestVendor
from stasis_refer.dialects.twiml_rest import TWIML_REST

REST_VENDORS: Final[tuple[RestVendor, ...]] = (TWIML_REST, RCML_REST, BXML_REST, JAMBONZ_REST)
