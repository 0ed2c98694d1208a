package template

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// variables returns the variables of fixed names, without their names.
func variables() map[string]Part {
	return map[string]Part{
		"identity.subject":  ofIdentity(func(id *pipeline.Identity) string { return id.Subject }),
		"identity.consumer": ofIdentity(func(id *pipeline.Identity) string { return id.Consumer }),
		"identity.scheme":   ofIdentity(func(id *pipeline.Identity) string { return id.Scheme }),
		"identity.issuer":   ofIdentity(func(id *pipeline.Identity) string { return id.Issuer }),
		"identity.scopes":   ofIdentity(func(id *pipeline.Identity) string { return joined(id.Scopes) }),
		"identity.roles":    ofIdentity(func(id *pipeline.Identity) string { return joined(id.Roles) }),
		"subscription.id":   {Caller: true, Value: subscriptionID},
		"subscription.plan": {Caller: true, Value: subscriptionPlan},
		"route.name":        {Value: routeName},
		"route.api":         {Value: routeAPI},
		"environment":       {Value: func(x *pipeline.Exchange) string { return x.Environment }},
		"client.address":    {Caller: true, Value: clientAddress},
		"request.method":    {Value: func(x *pipeline.Exchange) string { return x.In.Method }},
		"request.path":      {Value: func(x *pipeline.Exchange) string { return x.In.URL.EscapedPath() }},
		"request.host":      {Value: func(x *pipeline.Exchange) string { return x.In.Host }},
		"request.scheme":    {Caller: true, Value: func(x *pipeline.Exchange) string { return x.Scheme }},
		"correlation_id":    {Value: func(x *pipeline.Exchange) string { return x.ID }},
	}
}

func ofIdentity(f func(id *pipeline.Identity) string) Part {
	return Part{Caller: true, Value: func(x *pipeline.Exchange) string {
		if x.Identity == nil {
			return ""
		}
		return f(x.Identity)
	}}
}

func subscriptionID(x *pipeline.Exchange) string {
	if x.Subscription == nil {
		return ""
	}
	return x.Subscription.ID
}

func subscriptionPlan(x *pipeline.Exchange) string {
	if x.Subscription == nil || x.Subscription.Plan == nil {
		return ""
	}
	return x.Subscription.Plan.Name
}

func routeName(x *pipeline.Exchange) string {
	if x.Route == nil {
		return ""
	}
	return x.Route.Name
}

func routeAPI(x *pipeline.Exchange) string {
	if x.Route == nil {
		return ""
	}
	return x.Route.API
}

func clientAddress(x *pipeline.Exchange) string {
	if !x.Client.IsValid() {
		return ""
	}
	return x.Client.String()
}

func claimOf(name string) func(x *pipeline.Exchange) string {
	return func(x *pipeline.Exchange) string {
		if x.Identity == nil {
			return ""
		}
		return claimText(x.Identity.Claims[name])
	}
}

// claimText writes a claim as text, a list as joined does. What has no plain
// form, such as an object, is empty.
func claimText(v any) string {
	switch v := v.(type) {
	case []string:
		return joined(v)
	case []any:
		return joinedAny(v)
	}
	return scalar(v)
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func joinedAny(list []any) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = scalar(v)
	}
	return joined(texts)
}

// joined writes a list with spaces between, as scopes are written. A list that
// would read back as another one, because a member is empty or holds a space,
// is empty.
func joined(list []string) string {
	for _, s := range list {
		if s == "" || strings.ContainsAny(s, " \t") {
			return ""
		}
	}
	return strings.Join(list, " ")
}
