package redislimit_test

import "github.com/redis/rueidis"

// panicking is a client whose commands panic, as those for several slots do.
type panicking struct{ rueidis.Client }

func (panicking) B() rueidis.Builder { panic("cross slot") }
