package edge

// Codes of the refusals that only the edge makes; the others are in package
// pipeline.
const (
	CodeTargetTooLong  = "target_too_long"  // 414
	CodeTooManyFields  = "too_many_fields"  // 431
	CodeFieldsTooLarge = "fields_too_large" // 431
)
