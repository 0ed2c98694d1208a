// Package file reads the configuration from YAML and JSON files, and watches
// them.
//
//	g, err := gateway.New(standard.Kinds(), gateway.Source(file.New("gateway.yaml")))
//
// Files hold one or several documents (see registry.Document), which are
// merged. [Load] reads them once, to check them; [New] makes a Source that
// delivers what they say now, and again whenever they change. A file that
// cannot be read or is refused changes nothing: the gateway serves on as
// before, and the refusal is logged with file, line and column.
package file
