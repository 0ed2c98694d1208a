package schema_test

import (
	"fmt"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/pipeline/schema"
	"github.com/seed-f9645bd3/gateway/registry"
)

// A kind of one's own: its settings are all that the schema is made from.
func ExampleOf() {
	type settings struct {
		From  int               `json:"from"`
		Until registry.Duration `json:"until,omitempty"`
		When  string            `json:"when,omitempty" enum:"day,night"`
	}
	hours := pipeline.NewKind("opening_hours", func(*pipeline.Env, settings) ([]pipeline.Stage, error) { return nil, nil })

	text, err := schema.Of(hours)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, definition, _ := strings.Cut(string(text), `"policy.opening_hours": `)
	definition, _, _ = strings.Cut(definition, `"additionalProperties"`)
	fmt.Println(definition)
	// Output:
	// {
	//       "type": "object",
	//       "properties": {
	//         "as": {
	//           "type": "string",
	//           "minLength": 1
	//         },
	//         "from": {
	//           "type": "integer"
	//         },
	//         "off": {
	//           "type": "boolean"
	//         },
	//         "until": {
	//           "$ref": "#/$defs/registry.Duration"
	//         },
	//         "when": {
	//           "type": "string",
	//           "enum": [
	//             "day",
	//             "night"
	//           ]
	//         }
	//       },
}
