package upstream

import "github.com/seed-f9645bd3/gateway/pipeline"

// pick chooses the endpoint of the next attempt among those that are ready:
// where it can be, one that the exchange has not tried.
func (u *Upstream) pick(x *pipeline.Exchange) *Endpoint {
	endpoints := u.set.Load().ready
	if len(endpoints) == 0 {
		return nil
	}
	e := u.balancer.Pick(x, endpoints)
	if e == nil || !tried(x, e) {
		return e
	}
	return u.pickOther(x, endpoints, e)
}

// pickOther asks the balancer as often as there are endpoints, then takes the
// first that was not tried, then the one that was picked at first.
func (u *Upstream) pickOther(x *pipeline.Exchange, endpoints []*Endpoint, first *Endpoint) *Endpoint {
	for range endpoints {
		if e := u.balancer.Pick(x, endpoints); e != nil && !tried(x, e) {
			return e
		}
	}
	for _, e := range endpoints {
		if !tried(x, e) {
			return e
		}
	}
	return first
}

func tried(x *pipeline.Exchange, e *Endpoint) bool {
	if x == nil {
		return false
	}
	for _, a := range x.Attempts() {
		if a.Endpoint == e.address {
			return true
		}
	}
	return false
}
