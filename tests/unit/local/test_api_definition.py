import pytest

from local.api_definition import ApiDefinition, GatewayResponse, Route, read_api


def route(path, method="GET", function="F"):
    return Route(method=method, path=path, function=function, streaming=False, timeout_seconds=29)


def integration(function="ChatFunction", **more):
    uri = f"arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
    return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": {"Fn::Sub": uri}, **more}}


def processed(paths, **body):
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"paths": paths, **body}}}
    return {"Resources": {"Api": api, "Table": {"Type": "AWS::DynamoDB::Table"}}}


def test_routes_are_read_with_their_function_mode_and_timeout():
    api = read_api(
        processed(
            {
                "/chat": {"post": integration(responseTransferMode="STREAM", timeoutInMillis=900000)},
                "/keys": {"get": integration("Keys"), "x-amazon-apigateway-any-method": integration("Any")},
            }
        )
    )

    assert api.routes == (
        Route(method="POST", path="/chat", function="ChatFunction", streaming=True, timeout_seconds=900),
        Route(method="GET", path="/keys", function="Keys", streaming=False, timeout_seconds=29),
        Route(method="ANY", path="/keys", function="Any", streaming=False, timeout_seconds=29),
    )


def test_a_route_that_leads_to_no_function_is_refused():
    mock = {"x-amazon-apigateway-integration": {"type": "mock", "uri": "nowhere"}}

    with pytest.raises(ValueError, match="names no function"):
        read_api(processed({"/mock": {"get": mock}}))


def test_gateway_responses_are_read_with_their_headers():
    response = {
        "statusCode": "404",
        "responseParameters": {"gatewayresponse.header.x-request-id": "context.requestId"},
        "responseTemplates": {"application/json": "{}"},
    }
    gateway_responses = {"MISSING_AUTHENTICATION_TOKEN": response, "DEFAULT_5XX": {}}
    api = read_api(processed({}, **{"x-amazon-apigateway-gateway-responses": gateway_responses}))

    assert api.responses["MISSING_AUTHENTICATION_TOKEN"] == GatewayResponse(
        status=404, headers={"x-request-id": "context.requestId"}, body="{}"
    )
    assert api.responses["DEFAULT_5XX"].status == 500


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/teams", ("/teams", {})),
        ("GET", "/teams/", ("/teams", {})),
        ("GET", "/teams/a%20b", ("/teams/{team}", {"team": "a b"})),
        ("GET", "/teams/lookup", ("/teams/lookup", {})),
        ("DELETE", "/teams/x", ("/{proxy+}", {"proxy": "teams/x"})),
        ("GET", "/a/b/c", ("/{proxy+}", {"proxy": "a/b/c"})),
        ("POST", "/teams/x/y", ("/{proxy+}", {"proxy": "teams/x/y"})),
        ("GET", "/teams/a%2Fb", ("/teams/{team}", {"team": "a/b"})),
        ("GET", "/models/a%2Fb%20c/d", ("/{proxy+}", {"proxy": "models/a/b c/d"})),
    ],
)
def test_literal_segments_win_over_parameters(method, path, expected):
    api = ApiDefinition((route("/{proxy+}", "ANY"), route("/teams/{team}"), route("/teams/lookup"), route("/teams")))

    match = api.match(method, path)

    assert match is not None
    assert (match[0].path, match[1]) == expected


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/teams"), ("GET", "/team"), ("GET", "/teams/x/y"), ("GET", "/")]
)
def test_what_is_not_there_is_not_matched(method, path):
    assert ApiDefinition((route("/teams"), route("/teams/{team}"))).match(method, path) is None
