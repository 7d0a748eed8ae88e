import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.adapters.egress import MAX_URL_LENGTH, AddressRefusedError, EgressPolicy, is_loopback, is_public
from ownkey.adapters.spec import Verification
from ownkey.domain.errors import MisconfiguredError, ProviderFailureError
from tests.support.egress import AZURE, provider

GROQ = provider("groq", base_url="https://api.groq.com/openai/v1")
CHUTES = provider(
    "chutes", base_url="https://llm.chutes.ai/v1", verification=Verification(url="https://api.chutes.ai/users/me")
)
SPECS = {"groq": GROQ, "chutes": CHUTES, "azure": AZURE}
PUBLIC = "8.8.8.8"


def policy(*addresses: str, overrides: dict[str, str] | None = None) -> EgressPolicy:
    return EgressPolicy(SPECS, overrides, resolver=lambda host, port: addresses)


@pytest.mark.parametrize(
    ("slug", "url", "host", "target"),
    [
        ("groq", "https://api.groq.com/openai/v1/models", "api.groq.com", "/openai/v1/models"),
        ("groq", "https://api.groq.com:443/v1?limit=1&x=a%20b", "api.groq.com", "/v1?limit=1&x=a%20b"),
        ("groq", "https://API.Groq.com", "api.groq.com", "/"),
        ("groq", "https://api.groq.com?a=b", "api.groq.com", "/?a=b"),
        ("groq", "https://api.groq.com/models/gemini-3.1-pro:generateContent?alt=sse", "api.groq.com", None),
        ("groq", "https://api.groq.com/v1/my..model.", "api.groq.com", "/v1/my..model."),
        ("chutes", "https://llm.chutes.ai/v1/chat/completions", "llm.chutes.ai", None),
        ("chutes", "https://api.chutes.ai/users/me", "api.chutes.ai", "/users/me"),
        ("azure", "https://my-resource.openai.azure.com/openai/models", "my-resource.openai.azure.com", None),
        ("azure", "https://0x.services.ai.azure.com/anthropic/v1/messages", "0x.services.ai.azure.com", None),
    ],
)
def test_providers_own_places_are_allowed(slug: str, url: str, host: str, target: str | None) -> None:
    destination = policy().check(slug, url)
    assert destination.origin == ("https", host, 443)
    assert not destination.loopback_allowed
    assert target is None or destination.target == target


@pytest.mark.parametrize(
    ("slug", "url"),
    [
        ("groq", "http://api.groq.com/v1"),
        ("groq", "https://api.groq.com:8443/v1"),
        ("groq", "https://api.groq.com:80/v1"),
        ("groq", "https://api.groq.com:/v1"),
        ("groq", "https://api.groq.com:443@evil.example/v1"),
        ("groq", "https://user@api.groq.com/v1"),
        ("groq", "https://user:password@api.groq.com/v1"),
        ("groq", "https://evil.example/v1"),
        ("groq", "https://evil.example#api.groq.com"),
        ("groq", "https://evil.example#@api.groq.com/"),
        ("groq", "https://api.groq.com#fragment"),
        ("groq", "https://api.groq.com.evil.example/v1"),
        ("groq", "https://evil-api.groq.com/v1"),
        ("groq", "https://sub.api.groq.com/v1"),
        ("groq", "https://api.groq.com./v1"),
        ("groq", "https://api.groq.com%2eevil.example/v1"),
        ("groq", "https://evil.example\\@api.groq.com/v1"),
        ("groq", "https:\\\\api.groq.com/v1"),
        ("groq", "https://api.groq.com\\.evil.example/v1"),
        ("groq", "https:///api.groq.com/v1"),
        ("groq", "//api.groq.com/v1"),
        ("groq", "api.groq.com/v1"),
        ("groq", "ftp://api.groq.com/v1"),
        ("groq", "file:///etc/passwd"),
        ("groq", "https://api.groq.com/v1\r\nHost: evil.example"),
        ("groq", "https://api.groq.com/v1\n"),
        ("groq", "https://api.groq.com/\x00"),
        ("groq", "https://api.groq.com/a b"),
        ("groq", "https://api.groq.com/\u202e"),
        ("groq", "https://api.gr\u043eq.com/v1"),
        ("groq", "https://api\u3002groq\u3002com/v1"),
        ("groq", "https://api.groq.com/../admin"),
        ("groq", "https://api.groq.com/v1/%2E%2e/admin"),
        ("groq", "https://api.groq.com/v1/.."),
        ("groq", "https://api.groq.com/v1/..?x=y"),
        ("groq", "https://127.0.0.1/v1"),
        ("groq", "https://[::1]/v1"),
        ("groq", "https://2130706433/v1"),
        ("groq", "https://0x7f.1/v1"),
        ("groq", "https://169.254.169.254/latest/meta-data"),
        ("groq", "https://api.groq.com/" + "a" * MAX_URL_LENGTH),
        ("groq", ""),
        ("azure", "https://openai.azure.com/openai"),
        ("azure", "https://.openai.azure.com/openai"),
        ("azure", "https://a.b.openai.azure.com/openai"),
        ("azure", "https://-a.openai.azure.com/openai"),
        ("azure", "https://a_b.openai.azure.com/openai"),
        ("azure", "https://httpbin.org#.openai.azure.com/openai"),
        ("azure", "https://httpbin.org/.openai.azure.com/openai"),
        ("azure", "https://httpbin.org?.openai.azure.com/openai"),
        ("azure", "https://httpbin.org@a.openai.azure.com/openai"),
        ("azure", "https://" + "a" * 64 + ".openai.azure.com/openai"),
        ("azure", "https://evilopenai.azure.com/openai"),
        ("azure", "https://a.cognitiveservices.azure.com/openai"),
        ("azure", "https://a.openai.azure.com:8443/openai"),
        ("azure", "https://api.groq.com/v1"),
        ("unheard-of", "https://api.groq.com/v1"),
    ],
)
def test_other_places_are_refused(slug: str, url: str) -> None:
    with pytest.raises(ProviderFailureError) as caught:
        policy(PUBLIC).check(slug, url)
    assert "may not be called" in caught.value.message
    assert caught.value.provider == slug
    assert "evil" not in caught.value.message


@given(st.text(max_size=60))
def test_nothing_but_the_own_host_is_ever_allowed(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.openai.azure.com/", f"https://api.groq.com{text}"):
        for slug, ending in (("groq", "api.groq.com"), ("azure", ".openai.azure.com")):
            try:
                destination = policy().check(slug, url)
            except ProviderFailureError:
                continue
            assert destination.host.endswith(ending)
            assert destination.target.startswith("/")
            assert destination.target.isprintable()


def test_an_override_allows_its_origin_and_nothing_else() -> None:
    overridden = policy("127.0.0.1", overrides={"groq": "http://127.0.0.1:9000/groq"})
    destination = overridden.check("groq", "http://127.0.0.1:9000/groq/models")
    assert destination.origin == ("http", "127.0.0.1", 9000)
    assert destination.loopback_allowed
    for url in ("http://127.0.0.1:9001/groq", "https://127.0.0.1:9000/", "http://localhost:9000/", GROQ.base_url):
        with pytest.raises(ProviderFailureError):
            overridden.check("groq", url)
    with pytest.raises(ProviderFailureError):
        overridden.check("chutes", "http://127.0.0.1:9000/groq/models")


def test_an_override_must_be_a_url() -> None:
    with pytest.raises(MisconfiguredError, match="groq"):
        policy(overrides={"groq": "127.0.0.1:9000"})


REFUSED = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200",
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.1.1", "168.63.129.16", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::", "2002:808:808::", "2001::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "4000::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_the_open_internet_are_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(AddressRefusedError) as caught:
        policy(PUBLIC, address).resolve("https", "api.groq.com", 443)
    assert not address or address not in str(caught.value)


@pytest.mark.parametrize("address", ["8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "64:ff9b::808:808"])
def test_public_addresses_are_given_back(address: str) -> None:
    assert policy(address).resolve("https", "api.groq.com", 443) == (address,)


def test_a_host_is_resolved_once() -> None:
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [PUBLIC]

    EgressPolicy(SPECS, resolver=resolver).resolve("https", "api.groq.com", 443)
    assert asked == [("api.groq.com", 443)]


def test_a_host_without_addresses_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no address"):
        policy().resolve("https", "api.groq.com", 443)


def test_only_overrides_may_be_loopback_and_only_loopback() -> None:
    overrides = {"groq": "http://localhost:9000"}
    assert policy("127.0.0.1", "::1", overrides=overrides).resolve("http", "localhost", 9000) == ("127.0.0.1", "::1")
    for addresses, port in ((("127.0.0.1",), 9001), (("10.0.0.1",), 9000), (("127.0.0.1", PUBLIC), 9000)):
        with pytest.raises(AddressRefusedError):
            policy(*addresses, overrides=overrides).resolve("http", "localhost", port)


def test_loopback_is_told_from_the_rest() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback(PUBLIC)
    assert not is_loopback("nonsense")


def test_the_system_resolver_is_the_default() -> None:
    overridden = EgressPolicy(SPECS, {"groq": "http://127.0.0.1:9000", "chutes": "http://[::1]:9000"})
    assert overridden.resolve("http", "127.0.0.1", 9000) == ("127.0.0.1",)
    assert overridden.resolve(*overridden.check("chutes", "http://[::1]:9000/v1").origin) == ("::1",)


def test_names_are_for_people() -> None:
    assert policy().name_of("groq") == "Groq"
    assert policy().name_of("unheard-of") == "The provider"
