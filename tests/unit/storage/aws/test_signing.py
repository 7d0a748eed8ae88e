"""Our signature is botocore's, byte for byte."""

import string
from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ownkey.config import AwsCredentials
from ownkey.domain.secrets import Secret
from ownkey.storage.aws.signing import signed_headers

HOST = "dynamodb.eu-central-1.amazonaws.com"
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
names = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=20).map(lambda name: f"X-{name}")
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
headers = st.dictionaries(names, values, max_size=6).filter(
    lambda chosen: (
        len({name.lower() for name in chosen}) == len(chosen)
        and not {name.lower() for name in chosen} & {"x-amz-date", "x-amz-security-token"}
    )
)


@given(
    body=st.binary(max_size=400),
    headers=headers,
    access_key_id=secrets,
    secret=secrets,
    token=st.none() | secrets,
    service=st.sampled_from(["dynamodb", "kms"]),
    region=st.sampled_from(["eu-central-1", "us-gov-west-1"]),
)
def test_signature_equals_botocores(
    body: bytes,
    headers: dict[str, str],
    access_key_id: str,
    secret: str,
    token: str | None,
    service: str,
    region: str,
) -> None:
    sent = {"Host": HOST, **headers}
    theirs = AWSRequest(method="POST", url=f"https://{HOST}/", headers=sent, data=body)
    SigV4Auth(Credentials(access_key_id, secret, token), service, region).add_auth(theirs)
    signed_at = datetime.strptime(theirs.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = signed_headers(
        sent,
        body,
        AwsCredentials(
            access_key_id=access_key_id,
            secret_access_key=Secret(secret),
            session_token=Secret(token) if token else None,
        ),
        service=service,
        region=region,
        now=signed_at,
    )

    assert ours == dict(theirs.headers.items())


def test_headers_that_proxies_change_are_not_signed() -> None:
    credentials = AwsCredentials(access_key_id="id", secret_access_key=Secret("secret"))
    sent = {"Host": HOST, "User-Agent": "x", "X-Amzn-Trace-Id": "Root=1"}
    signed = signed_headers(
        sent, b"{}", credentials, service="kms", region="eu-central-1", now=datetime(2026, 11, 23, tzinfo=UTC)
    )
    assert "SignedHeaders=host;x-amz-date," in signed["Authorization"]
    assert signed.items() > sent.items()
