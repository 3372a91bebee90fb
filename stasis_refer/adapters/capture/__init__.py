"""The wire as Asterisk copies it to us: HEPv3 over UDP to events of live calls (res_hep_pjsip)."""

from stasis_refer.adapters.capture.admission import CaptureRules
from stasis_refer.adapters.capture.listener import CaptureListener
from stasis_refer.adapters.capture.silence import NoCapture

__all__ = ("CaptureListener", "CaptureRules", "NoCapture")
