package registry

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// minProbeInterval keeps a slip of the pen (5 for 5s) from becoming a flood.
const minProbeInterval = Duration(10 * time.Millisecond)

// Validate reports all that is wrong with h.
func (h Health) Validate() error {
	var faults Faults
	if h.Active != nil {
		faults = append(faults, AsFaults(At("/active", h.Active.validate()))...)
	}
	if h.Passive != nil {
		faults = append(faults, AsFaults(At("/passive", h.Passive.validate()))...)
	}
	return faults.Err()
}

func (a *ActiveHealth) validate() error {
	var faults Faults
	if (a.HTTP == nil) == (a.TCP == nil) {
		faults.Add("", "want http or tcp, one of the two")
	}
	if a.HTTP != nil {
		faults = append(faults, AsFaults(At("/http", a.HTTP.validate()))...)
	}
	switch {
	case a.Interval < 0 || a.Interval > 0 && a.Interval < minProbeInterval:
		faults.Add("/interval", "want 10ms or more, found %s", a.Interval)
	case a.Timeout < 0 || a.Timeout > a.every():
		faults.Add("/timeout", "want at most the interval of %s, found %s", a.every(), a.Timeout)
	}
	addNegative("/unhealthy_after", a.UnhealthyAfter, &faults)
	addNegative("/healthy_after", a.HealthyAfter, &faults)
	if s := a.Initial; s != "" && s != "healthy" && s != "unhealthy" {
		faults.Add("/initial", "%w", Unknown("word", clip(s), []string{"healthy", "unhealthy"}))
	}
	return faults.Err()
}

// every returns the interval in force.
func (a *ActiveHealth) every() Duration { return Duration(a.Interval.Or(5 * time.Second)) }

func (p *HTTPProbe) validate() error {
	var faults Faults
	if p.Path != "" && !validProbePath(p.Path) {
		faults.Add("/path", "want a path such as /healthz, found %q", clip(p.Path))
	}
	for i, status := range p.Expect {
		if status < 200 || status > 599 {
			faults.Add("/expect/"+strconv.Itoa(i), "want a status from 200 to 599, found %d", status)
		}
	}
	if p.Host != "" && !validAuthority(p.Host) {
		faults.Add("/host", "want the name of a host, found %q", clip(p.Host))
	}
	return faults.Err()
}

func validProbePath(path string) bool {
	_, err := url.ParseRequestURI(path)
	return err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "# ")
}

func (p *PassiveHealth) validate() error {
	var faults Faults
	addNegative("/consecutive_failures", p.ConsecutiveFailures, &faults)
	if p.EjectFor < 0 {
		faults.Add("/eject_for", "want 0 or more, found %s", p.EjectFor)
	}
	if least := p.EjectFor.Or(30 * time.Second); p.MaxEjectFor != 0 && p.MaxEjectFor.Std() < least {
		faults.Add("/max_eject_for", "want at least eject_for, which is %s, found %s", least, p.MaxEjectFor)
	}
	if !(p.MaxEjected >= 0 && p.MaxEjected <= 1) { // not a number is no share
		faults.Add("/max_ejected", "want a share above 0 and at most 1, found %v", p.MaxEjected)
	}
	return faults.Err()
}

func addNegative(field string, n int, faults *Faults) {
	if n < 0 {
		*faults = append(*faults, &Fault{Field: field, Err: fmt.Errorf("want 0 or more, found %d", n)})
	}
}

// health puts what is wrong with the health settings of an upstream into the
// faults.
func (v *validator) health(u *Upstream) {
	for _, f := range AsFaults(u.Health.Validate()) {
		v.fault("/health"+f.Field, f.Err)
	}
}
