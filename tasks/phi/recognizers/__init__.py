"""Recognizers: one identifier of the Safe Harbor rule a file, all of them custom recognizers of Presidio's analyzer."""

from tasks.phi.recognizers.account import AccountRecognizer
from tasks.phi.recognizers.ages import AgeRecognizer
from tasks.phi.recognizers.biometric import BiometricRecognizer
from tasks.phi.recognizers.birth_dates import BirthDateRecognizer
from tasks.phi.recognizers.dates import DateRecognizer
from tasks.phi.recognizers.device import DeviceRecognizer
from tasks.phi.recognizers.email import EmailRecognizer
from tasks.phi.recognizers.fax import FaxRecognizer
from tasks.phi.recognizers.geographic import GeographicRecognizer
from tasks.phi.recognizers.health_plan import HealthPlanRecognizer
from tasks.phi.recognizers.ip import IpRecognizer
from tasks.phi.recognizers.license import LicenseRecognizer
from tasks.phi.recognizers.mrn import MrnRecognizer
from tasks.phi.recognizers.names import NameRecognizer
from tasks.phi.recognizers.other_id import OtherIdRecognizer
from tasks.phi.recognizers.phone import PhoneRecognizer
from tasks.phi.recognizers.photo import PhotoRecognizer
from tasks.phi.recognizers.relative_dates import RelativeDateRecognizer
from tasks.phi.recognizers.rules import RuleRecognizer
from tasks.phi.recognizers.ssn import SsnRecognizer
from tasks.phi.recognizers.url import UrlRecognizer
from tasks.phi.recognizers.vehicle import VehicleRecognizer

RECOGNIZERS: tuple[type[RuleRecognizer], ...] = (
    NameRecognizer,
    GeographicRecognizer,
    DateRecognizer,
    BirthDateRecognizer,
    AgeRecognizer,
    PhoneRecognizer,
    FaxRecognizer,
    EmailRecognizer,
    SsnRecognizer,
    MrnRecognizer,
    HealthPlanRecognizer,
    AccountRecognizer,
    LicenseRecognizer,
    VehicleRecognizer,
    DeviceRecognizer,
    UrlRecognizer,
    IpRecognizer,
    BiometricRecognizer,
    PhotoRecognizer,
    OtherIdRecognizer,
)

STRICT_ONLY: tuple[type[RuleRecognizer], ...] = (RelativeDateRecognizer,)
"""What strict mode looks for besides; Safe Harbor does not ask for it."""
