package redislimit

import (
	"context"
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// A cluster runs a script on one machine. Asks of several owners are several
// calls there.

// together reports whether all asks have one owner.
func together(asks []ratelimit.Ask) bool {
	if len(asks) == 1 {
		return true
	}
	tag := tagOf(asks[0].Key)
	for i := range asks[1:] {
		if tagOf(asks[i+1].Key) != tag {
			return false
		}
	}
	return true
}

// A group is the asks of one owner, and where they stood.
type group struct {
	asks    []ratelimit.Ask
	results []ratelimit.Result
	at      []int
}

func groupsOf(asks []ratelimit.Ask) []*group {
	var groups []*group
	of := map[[tagLen]byte]*group{}
	for i := range asks {
		tag := tagOf(asks[i].Key)
		g := of[tag]
		if g == nil {
			g = &group{}
			of[tag], groups = g, append(groups, g)
		}
		g.asks = append(g.asks, asks[i])
		g.results = append(g.results, ratelimit.Result{})
		g.at = append(g.at, i)
	}
	return groups
}

// takeApart takes group after group. Once one refuses, those before are given
// back, and those after only looked at.
func (l *Limiter) takeApart(ctx context.Context, conn *connection, asks []ratelimit.Ask, results []ratelimit.Result) error {
	groups, m := groupsOf(asks), spend
	begun := time.Now()
	for i, g := range groups {
		pass, err := l.ask(ctx, conn, m, l.timeout-time.Since(begun), g.asks, g.results)
		if m == spend && (err != nil || !pass) {
			l.giveBack(conn, groups[:i])
			m = look
		}
		if err != nil {
			return err
		}
	}
	for _, g := range groups {
		for i, at := range g.at {
			results[at] = g.results[i]
		}
	}
	return nil
}

// giveBack returns what the groups have spent, and corrects their results. A
// call that fails leaves them spent: the caller gets less, never more.
func (l *Limiter) giveBack(conn *connection, groups []*group) {
	var calls []*call
	for _, g := range groups {
		for i := range g.results {
			g.results[i].Remaining += g.asks[i].N
			if b, ok := g.asks[i].Bucket(); ok {
				g.results[i].Reset = max(g.results[i].Reset-b.Cost, 0)
			}
		}
		if c, err := l.begin(conn, giveBack, g.asks); err == nil {
			calls = append(calls, c)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	for _, c := range calls {
		_ = c.wait(ctx, l.timeout) // see above
		c.leave()
	}
}
