package report

import (
	"fmt"
	"html"
	"strings"
)

// Measures of the plot, in pixels.
const (
	names   = 290 // room for the names
	unit    = 140 // length of the ratio 1
	cut     = 3.0 // longer bars end here
	line    = 18
	gap     = 46 // above the bars of a workload
	figures = 60 // room behind the bars
)

// Plot returns an SVG of the ratios to bare: a group of bars for each workload,
// with their quartiles.
func (r *Results) Plot() string {
	var b strings.Builder
	y := 30
	for _, w := range r.Workloads {
		y = r.group(&b, w.Name, w.Title, y)
	}
	width := names + int(unit*cut) + figures
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#222">
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="10" y="20" font-size="14" font-weight="bold">CPU of a request, httputil.ReverseProxy = 1 (less is better)</text>
%s</svg>
`, width, y+10, width, y+10, b.String())
}

// group draws one workload from y on, and returns where the next one begins.
func (r *Results) group(b *strings.Builder, workload, title string, y int) int {
	rows := r.rows(workload)
	if len(rows) == 0 {
		return y
	}
	fmt.Fprintf(b, `<text x="10" y="%d" font-weight="bold">%s</text>`+"\n", y+28, html.EscapeString(title))
	top := y + gap - 10
	for i, x := range rows {
		bar(b, x, top+i*line)
	}
	bottom := top + len(rows)*line
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#222" stroke-dasharray="3 3"/>`+"\n", names+unit, top-2, names+unit, bottom)
	return bottom
}

// bar draws one contender.
func bar(b *strings.Builder, x row, y int) {
	at := func(ratio float64) float64 { return names + unit*min(ratio, cut) }
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, names-8, y+12, html.EscapeString(x.contender.Title))
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, names, y+2, at(x.ratio.Median)-names, line-5, colour(x.contender.Name))
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#222"/>`, at(x.ratio.Low), float64(y)+8.5, at(x.ratio.High), float64(y)+8.5)
	fmt.Fprintf(b, `<text x="%.1f" y="%d">%.2f</text>`+"\n", max(at(x.ratio.Median), at(x.ratio.High))+6, y+12, x.ratio.Median)
}

func colour(contender string) string {
	switch {
	case contender == base:
		return "#888"
	case strings.HasPrefix(contender, "gateway"):
		return "#2a7ab0"
	}
	return "#c9b26b"
}
