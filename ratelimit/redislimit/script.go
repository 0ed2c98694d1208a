package redislimit

import _ "embed"

//go:embed take.lua
var takeScript string
