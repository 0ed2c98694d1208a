package edge

import (
	"bytes"
	"encoding/xml"
	"strings"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// soapFault renders a Fault of the SOAP version that the request speaks, 1.1
// where it does not say. The status stays the Problem's: what it asks the
// client to do (authenticate, wait) is said in HTTP.
func soapFault(x *pipeline.Exchange, p *pipeline.Problem) rendering {
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if strings.HasPrefix(strings.ToLower(x.In.Header.Get("Content-Type")), "application/soap+xml") {
		soap12(&out, p)
		return rendering{p.Status, "application/soap+xml; charset=utf-8", nil, out.Bytes()}
	}
	soap11(&out, p)
	return rendering{p.Status, "text/xml; charset=utf-8", nil, out.Bytes()}
}

func soap11(out *bytes.Buffer, p *pipeline.Problem) {
	code := "soap:Server"
	if p.Status < 500 {
		code = "soap:Client"
	}
	out.WriteString(`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>`)
	out.WriteString("<faultcode>" + code + "</faultcode><faultstring>")
	text(out, message(p))
	out.WriteString("</faultstring><detail><code>")
	text(out, p.Code)
	out.WriteString("</code></detail></soap:Fault></soap:Body></soap:Envelope>\n")
}

func soap12(out *bytes.Buffer, p *pipeline.Problem) {
	code := "soap:Receiver"
	if p.Status < 500 {
		code = "soap:Sender"
	}
	out.WriteString(`<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><soap:Fault>`)
	out.WriteString("<soap:Code><soap:Value>" + code + `</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">`)
	text(out, message(p))
	out.WriteString("</soap:Text></soap:Reason><soap:Detail><code>")
	text(out, p.Code)
	out.WriteString("</code></soap:Detail></soap:Fault></soap:Body></soap:Envelope>\n")
}

func text(out *bytes.Buffer, s string) {
	_ = xml.EscapeText(out, []byte(s)) // a bytes.Buffer takes everything
}
