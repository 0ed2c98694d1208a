package redislimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f9645bd3/gateway/ratelimit"
)

// Charge implements ratelimit.Charger. Where the asks have several owners and
// Redis is a cluster, each owner's are charged by a call of their own. A charge
// that was not answered in time may have been made.
func (l *Limiter) Charge(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	if len(asks) == 0 {
		return nil
	}
	err := l.charge(ctx, asks, results)
	if err != nil {
		clear(results)
		l.counts.fallbacks.Add(1)
		return err
	}
	settle(results)
	l.counts.decisions.Add(1)
	return nil
}

func (l *Limiter) charge(ctx context.Context, asks []ratelimit.Ask, results []ratelimit.Result) error {
	err := keysFit(asks)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return uncharged(err)
	}
	conn := l.conn.Load()
	switch {
	case conn == nil:
		l.connectSoon()
		return uncharged(ErrUnavailable)
	case conn.cluster && !together(asks):
		return l.chargeApart(ctx, conn, asks, results)
	}
	_, err = l.ask(ctx, conn, charge, l.timeout, asks, results)
	if errors.Is(err, ErrUnavailable) || errors.Is(err, errCrowded) {
		return uncharged(err)
	}
	return err
}

// uncharged says that no call was made.
func uncharged(err error) error { return fmt.Errorf("%w: %w", ratelimit.ErrUncharged, err) }

func (l *Limiter) chargeApart(ctx context.Context, conn *connection, asks []ratelimit.Ask, results []ratelimit.Result) error {
	begun := time.Now()
	var failed error
	for _, g := range groupsOf(asks) {
		if _, err := l.ask(ctx, conn, charge, l.timeout-time.Since(begun), g.asks, g.results); err != nil {
			failed = err
			continue
		}
		for i, at := range g.at {
			results[at] = g.results[i]
		}
	}
	return failed
}
