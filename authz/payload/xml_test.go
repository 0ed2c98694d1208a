package payload

import (
	"fmt"
	"strings"
	"testing"
)

func hostileXML() []hostile {
	const syntax, utf8, dtd, entity, instruction = "xml.syntax", "xml.utf8", "xml.dtd", "xml.entity", "xml.instruction"
	const encoding, character = "xml.encoding", "xml.character"
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;">]><lolz>&lol1;</lolz>`
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ` a%d="%d"`, i, i)
		}
		return "<a" + b.String() + "/>"
	}
	return []hostile{
		{"a billion laughs", laughs, dtd, CodeForbidden, 23},
		{"quadratic blow-up", `<!DOCTYPE b [<!ENTITY a "` + strings.Repeat("a", 50_000) + `">]><b>` + strings.Repeat("&a;", 50_000) + `</b>`, dtd, CodeForbidden, 2},
		{"an external entity", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, dtd, CodeForbidden, 2},
		{"an external entity by HTTP", `<!DOCTYPE a [<!ENTITY x PUBLIC "x" "http://192.0.2.1/">]><a>&x;</a>`, dtd, CodeForbidden, 2},
		{"parameter entities", `<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/e.dtd"> %p;]><a/>`, dtd, CodeForbidden, 2},
		{"an external subset", `<!DOCTYPE a SYSTEM "http://192.0.2.1/e.dtd"><a/>`, dtd, CodeForbidden, 2},
		{"a document type in lower case", `<!doctype html><html/>`, dtd, CodeForbidden, 2},
		{"a document type behind a comment", `<!-- x --><!DOCTYPE a><a/>`, dtd, CodeForbidden, 12},
		{"a document type behind a mark", "\xef\xbb\xbf<!DOCTYPE a><a/>", dtd, CodeForbidden, 5},
		{"a document type within the root", `<a><!DOCTYPE b></a>`, dtd, CodeForbidden, 5},
		{"a document type behind the root", `<a/><!DOCTYPE a>`, dtd, CodeForbidden, 6},
		{"an entity declared without a document type", `<!ENTITY x "y"><a/>`, dtd, CodeForbidden, 2},
		{"an element declared", `<a><!ELEMENT a ANY></a>`, dtd, CodeForbidden, 5},
		{"a list of attributes declared", `<!ATTLIST a b CDATA "c"><a/>`, dtd, CodeForbidden, 2},
		{"a notation", `<!NOTATION n SYSTEM "n"><a/>`, dtd, CodeForbidden, 2},
		{"an entity that nobody declared", `<a>&xxe;</a>`, entity, CodeForbidden, 7},
		{"an entity of HTML", `<a>&nbsp;</a>`, entity, CodeForbidden, 8},
		{"an entity in an attribute", `<a b="&xxe;"/>`, entity, CodeForbidden, 10},
		{"an entity in other letters", `<a>&LT;</a>`, entity, CodeForbidden, 6},
		{"an entity of a long name", `<a>&` + strings.Repeat("x", 1000) + `;</a>`, entity, CodeForbidden, 20},
		{"an entity of a name beyond ASCII", `<a>&é;</a>`, entity, CodeForbidden, 4},
		{"a stylesheet", `<?xml-stylesheet href="http://192.0.2.1/"?><a/>`, instruction, CodeForbidden, 5},
		{"PHP", `<?php system("id"); ?>`, instruction, CodeForbidden, 2},
		{"a processing instruction within the root", `<a><?x y?></a>`, instruction, CodeForbidden, 4},
		{"a processing instruction behind the root", `<a/><?x y?>`, instruction, CodeForbidden, 5},
		{"an XML declaration behind a space", ` <?xml version="1.0"?><a/>`, instruction, CodeForbidden, 2},
		{"an XML declaration behind another", `<?xml version="1.0"?><?xml version="1.0"?><a/>`, instruction, CodeForbidden, 22},
		{"an XML declaration in capitals", `<?XML version="1.0"?><a/>`, instruction, CodeForbidden, 2},
		{"XML 1.1", `<?xml version="1.1"?><a/>`, syntax, CodeMalformed, 20},
		{"no version", `<?xml encoding="utf-8"?><a/>`, syntax, CodeMalformed, -1},
		{"a declaration of other things", `<?xml version="1.0" x="y"?><a/>`, syntax, CodeMalformed, -1},
		{"a declaration that never ends", `<?xml ` + strings.Repeat(" ", 5000), syntax, CodeMalformed, 258},
		{"standalone, perhaps", `<?xml version="1.0" standalone="maybe"?><a/>`, syntax, CodeMalformed, -1},
		{"Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, encoding, CodeCharsetRefused, -1},
		{"UTF-7", `<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-`, encoding, CodeCharsetRefused, -1},
		{"UTF-16 by its declaration", `<?xml version="1.0" encoding="utf-16"?><a/>`, encoding, CodeCharsetRefused, -1},
		{"UTF-16, big end first", "\xfe\xff\x00<\x00a\x00/\x00>", encoding, CodeCharsetRefused, 0},
		{"UTF-16, little end first", "\xff\xfe<\x00a\x00/\x00>\x00", encoding, CodeCharsetRefused, 0},
		{"UTF-16, big end first, without a mark", "\x00<\x00a\x00/\x00>", encoding, CodeCharsetRefused, 0},
		{"UTF-16, little end first, without a mark", "<\x00a\x00/\x00>\x00", encoding, CodeCharsetRefused, 1},
		{"EBCDIC", "\x4c\x6f\xa7\x94\x93", syntax, CodeMalformed, 0},
		{"half a byte order mark", "\xef\xbb<a/>", utf8, CodeMalformed, 2},
		{"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf<a/>", syntax, CodeMalformed, 3},
		{"an overlong <", "<a>\xc0\xbc</a>", utf8, CodeMalformed, 3},
		{"an overlong < of three bytes", "<a>\xe0\x80\xbc</a>", utf8, CodeMalformed, 4},
		{"a surrogate in UTF-8", "<a>\xed\xa0\x80</a>", utf8, CodeMalformed, 4},
		{"beyond the last character", "<a>\xf4\x90\x80\x80</a>", utf8, CodeMalformed, 4},
		{"Latin-1 in a text", "<a>caf\xe9</a>", utf8, CodeMalformed, 7},
		{"invalid UTF-8 in a value", "<a b='\xff'/>", utf8, CodeMalformed, 6},
		{"invalid UTF-8 in a comment", "<a><!--\xff--></a>", utf8, CodeMalformed, 7},
		{"invalid UTF-8 in a section", "<a><![CDATA[\xff]]></a>", utf8, CodeMalformed, 12},
		{"invalid UTF-8 in a name", "<a\xff/>", utf8, CodeMalformed, 2},
		{"NUL in a text", "<a>\x00</a>", character, CodeMalformed, 3},
		{"NUL in a value", "<a b='\x00'/>", character, CodeMalformed, 6},
		{"NUL in a name", "<a\x00b/>", syntax, CodeMalformed, 2},
		{"a control character", "<a>\x0b</a>", character, CodeMalformed, 3},
		{"a control character in a comment", "<a><!--\x01--></a>", character, CodeMalformed, 7},
		{"a control character in a section", "<a><![CDATA[\x02]]></a>", character, CodeMalformed, 12},
		{"U+FFFE", "<a>\ufffe</a>", character, CodeMalformed, 5},
		{"U+FFFF in a value", "<a b='\uffff'/>", character, CodeMalformed, 8},
		{"a reference to NUL", "<a>&#0;</a>", character, CodeMalformed, 6},
		{"a reference to a control character", "<a>&#x1;</a>", character, CodeMalformed, 7},
		{"a reference to a surrogate", "<a>&#xD800;</a>", character, CodeMalformed, 10},
		{"a reference beyond the last character", "<a>&#x110000;</a>", character, CodeMalformed, -1},
		{"a reference to a number that overflows", "<a>&#99999999999999;</a>", character, CodeMalformed, -1},
		{"a reference of too many digits", "<a>&#" + strings.Repeat("0", 100) + "65;</a>", syntax, CodeMalformed, 20},
		{"a reference of no number", "<a>&#;</a>", character, CodeMalformed, 5},
		{"a reference of a capital X", "<a>&#X41;</a>", character, CodeMalformed, 8},
		{"a reference that does not end", "<a>&lt</a>", syntax, CodeMalformed, 6},
		{"& alone", "<a>b & c</a>", syntax, CodeMalformed, 6},
		{"&; alone", "<a>&;</a>", syntax, CodeMalformed, 4},
		{"65 elements in each other", tower(65), "xml.depth", CodeTooDeep, 64*3 + 1},
		{"100,000 elements in each other", tower(100_000), "xml.depth", CodeTooDeep, 64*3 + 1},
		{"65 attributes", attributes(65), "xml.attributes", CodeTooMany, -1},
		{"two attributes of one name", `<a b="1" b="2"/>`, syntax, CodeMalformed, 10},
		{"the first of many attributes again", strings.TrimSuffix(attributes(30), "/>") + ` a0=""/>`, syntax, CodeMalformed, -1},
		{"17 namespaces", "<a" + strings.Repeat(" xmlns='x'", 1) + namespaces(17) + "/>", "xml.namespaces", CodeTooMany, -1},
		{"10,001 children", "<a>" + strings.Repeat("<b/>", 10_001) + "</a>", "xml.children", CodeTooMany, -1},
		{"more than 100,000 elements", "<a>" + strings.Repeat("<b>"+strings.Repeat("<c/>", 9_999)+"</b>", 11) + "</a>", "xml.elements", CodeTooMany, -1},
		{"a text of a megabyte", "<a>" + strings.Repeat("x", 1<<20) + "</a>", "xml.text", CodeTooLong, 3 + 256<<10},
		{"a text of references", "<a>" + strings.Repeat("&#65;", 100_000) + "</a>", "xml.text", CodeTooLong, 3 + 256<<10},
		{"a section of a megabyte", "<a><![CDATA[" + strings.Repeat("x", 1<<20) + "]]></a>", "xml.text", CodeTooLong, 12 + 256<<10},
		{"a comment of a megabyte", "<a><!--" + strings.Repeat("x", 1<<20) + "--></a>", "xml.text", CodeTooLong, 7 + 256<<10},
		{"many comments before the root", strings.Repeat("<!--"+strings.Repeat("x", 1000)+"-->", 1000) + "<a/>", "xml.text", CodeTooLong, -1},
		{"a long value", "<a b='" + strings.Repeat("x", 10_000) + "'/>", "xml.value", CodeTooLong, 6 + 8<<10},
		{"a long name of an element", "<" + strings.Repeat("x", 300) + "/>", "xml.name", CodeTooLong, 1 + 256},
		{"a long name of an attribute", "<a " + strings.Repeat("x", 300) + "=''/>", "xml.name", CodeTooLong, 3 + 256},
		{"XInclude", `<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/></a>`, "xml.include", CodeForbidden, 44},
		{"XInclude with a reference in its name", `<a xmlns:xi="http://www.w3.org/2001/XIncl&#117;de"/>`, "xml.include", CodeForbidden, -1},
		{"XInclude as the default namespace", `<include xmlns="http://www.w3.org/2001/XInclude" href="x"/>`, "xml.include", CodeForbidden, -1},
		{"a place of a schema", `<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x http://192.0.2.1/"/>`, "xml.schema_location", CodeForbidden, -1},
		{"a place of a schema without a namespace", `<a s:noNamespaceSchemaLocation="http://192.0.2.1/"/>`, "xml.schema_location", CodeForbidden, -1},
		{"nothing but space", " \n ", syntax, CodeMalformed, 3},
		{"nothing but a declaration", `<?xml version="1.0"?>`, syntax, CodeMalformed, 21},
		{"two roots", "<a/><b/>", syntax, CodeMalformed, 5},
		{"a text before the root", "x<a/>", syntax, CodeMalformed, 0},
		{"a text behind the root", "<a/>x", syntax, CodeMalformed, 4},
		{"a reference behind the root", "<a/>&lt;", syntax, CodeMalformed, 4},
		{"a section outside the root", "<![CDATA[x]]><a/>", syntax, CodeMalformed, 2},
		{"an element that does not end", "<a><b></b>", syntax, CodeMalformed, 10},
		{"the end of another element", "<a></b>", syntax, CodeMalformed, 5},
		{"the end of an element with a longer name", "<a></ab>", syntax, CodeMalformed, 6},
		{"the end of an element with a shorter name", "<ab></a>", syntax, CodeMalformed, 7},
		{"ends that cross", "<a><b></a></b>", syntax, CodeMalformed, 8},
		{"an end without a beginning", "</a>", syntax, CodeMalformed, 1},
		{"an end with an attribute", "<a></a b=''>", syntax, CodeMalformed, 7},
		{"a tag that is cut", "<a b=", syntax, CodeMalformed, 5},
		{"a comment that is cut", "<a/><!-- ", syntax, CodeMalformed, 9},
		{"a character that is cut", "<a>\xe2\x82", syntax, CodeMalformed, 5},
		{"a space before the name", "< a/>", syntax, CodeMalformed, 1},
		{"a name that begins with a digit", "<1a/>", syntax, CodeMalformed, 1},
		{"a name with two colons", "<a:b:c/>", syntax, CodeMalformed, 6},
		{"a name that is a colon", "<:/>", syntax, CodeMalformed, 2},
		{"an attribute of two colons", "<a b:c:d=''/>", syntax, CodeMalformed, 8},
		{"an attribute without quotes", "<a b=c/>", syntax, CodeMalformed, 5},
		{"an attribute without a value", "<a b/>", syntax, CodeMalformed, 4},
		{"no space between attributes", `<a b="1"c="2"/>`, syntax, CodeMalformed, 8},
		{"< in a value", "<a b='<'/>", syntax, CodeMalformed, 6},
		{"]]> in a text", "<a>]]></a>", syntax, CodeMalformed, 5},
		{"-- in a comment", "<a><!-- -- --></a>", syntax, CodeMalformed, 10},
		{"a comment that ends in --->", "<a><!-- ---></a>", syntax, CodeMalformed, 10},
		{"a section in lower case", "<a><![cdata[x]]></a>", syntax, CodeMalformed, 6},
		{"a slash within a tag", "<a / >", syntax, CodeMalformed, 4},
		{"JSON", `{"a":1}`, syntax, CodeMalformed, 0},
	}
}

func namespaces(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " xmlns:n%d='urn:%d'", i, i)
	}
	return b.String()
}

func TestHostileXMLIsRefused(t *testing.T) {
	t.Parallel()
	refuseAll(t, formatXML, Config{}, hostileXML())
}

func validXML() []string {
	return []string{
		"<a/>", "<a />", "<a></a >", "<a\n>\r\n</a\t>", " <a/> ", "\xef\xbb\xbf<a/>", tower(64),
		`<?xml version="1.0"?><a/>`, `<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>` + "\n<a/>\n",
		"\xef\xbb\xbf" + `<?xml version = "1.0" encoding="utf-8"?><a/>`,
		`<!-- before --><a><!-- - > < & ] --></a><!-- behind -->`, `<a><!----></a>`,
		`<a b="1" c='"' d="'>&lt;&#65;&#x41;" e=""/>`, `<a b = "1"  c= '2'/>`,
		`<a>&lt;&gt;&amp;&apos;&quot;&#9;&#x10FFFF;</a>`, "<a>] ]] ]>\"' é € 😀 \ufffd</a>",
		"<a><![CDATA[<b>&x; ]] ]> ]]]]></a>", "<a><![CDATA[]]></a>", "<a>]]<!-- -->></a>",
		"<élan naïf='x'><日本 語='y'/></élan>", "<a:b a:c='1' c='2' xmlns:a='urn:a'/>", "<_-.9/>",
		`<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:m="urn:orders">
  <soap:Header><m:Trace soap:mustUnderstand="true">7</m:Trace></soap:Header>
  <soap:Body><m:GetOrder><m:Id>42</m:Id><m:Note><![CDATA[a < b]]></m:Note></m:GetOrder></soap:Body>
</soap:Envelope>`,
		"<a>" + strings.Repeat("x", 256<<10) + "</a>", "<a b='" + strings.Repeat("x", 8<<10) + "'/>",
		"<a>" + strings.Repeat("<b c='d'>e</b>", 10_000) + "</a>",
	}
}

func TestValidXMLPasses(t *testing.T) {
	t.Parallel()
	passAll(t, formatXML, Config{}, validXML())
	passAll(t, formatXML, Config{XML: XML{SchemaLocation: "allow"}}, []string{`<a x:schemaLocation="urn:a a.xsd"/>`})
}

func TestEachLimitOfXMLIsTheSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		xml        XML
		good, over string
		rule       string
	}{
		{XML{Depth: 2}, "<a><b/><c/></a>", tower(3), "xml.depth"},
		{XML{Depth: 1000}, tower(1000), tower(1001), "xml.depth"},
		{XML{Elements: 3}, "<a><b/><b/></a>", "<a><b/><b/><b/></a>", "xml.elements"},
		{XML{Children: 2}, "<a><b><c/><c/></b><b/></a>", "<a><b/><b/><b/></a>", "xml.children"},
		{XML{Attributes: 1}, "<a b=''><a b=''/></a>", "<a b='' c=''/>", "xml.attributes"},
		{XML{Namespaces: 1}, "<a xmlns='x' b=''/>", "<a xmlns='x' xmlns:b='y'/>", "xml.namespaces"},
		{XML{Name: 2}, "<é ab=''/>", "<éa/>", "xml.name"},
		{XML{Value: 4}, "<a b='&lt;'/>", "<a b='&lt;é'/>", "xml.value"},
		{XML{Text: 3}, "<a>xyz<b>xyz</b>xyz</a>", "<a>xy<!-- --></a>", "xml.text"},
	} {
		s := newScanner(t, formatXML, Config{XML: c.xml})
		if fault := everySplit(t, s, c.good); fault != nil {
			t.Errorf("%+v refuses %q: %v", c.xml, c.good, fault)
		}
		if fault := everySplit(t, s, c.over); fault == nil || fault.Rule != c.rule {
			t.Errorf("%+v says of %q: %v", c.xml, c.over, fault)
		}
	}
}
