package registry_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

func TestSizeReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		json string
		want registry.Size
	}{
		"bytes with a unit":           {`"512B"`, 512},
		"kibibytes":                   {`"64KiB"`, 64 << 10},
		"mebibytes":                   {`"10MiB"`, 10 << 20},
		"gibibytes":                   {`"2GiB"`, 2 << 30},
		"digits in a string":          {`"1500"`, 1500},
		"a plain number":              {`1500`, 1500},
		"nothing at all":              {`0`, 0},
		"the largest that there is":   {`9223372036854775807`, math.MaxInt64},
		"the largest whole gibibytes": {`"8589934591GiB"`, 8589934591 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s registry.Size
			require.NoError(t, json.Unmarshal([]byte(tc.json), &s))
			require.Equal(t, tc.want, s)
		})
	}
}

func TestSizeRefusesWhatIsNoSize(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"a negative number":              `-1`,
		"a negative size":                `"-1KiB"`,
		"a fraction":                     `1.5`,
		"a number in scientific form":    `1e3`,
		"a decimal unit":                 `"10MB"`,
		"a unit of another case":         `"10mib"`,
		"a unit alone":                   `"MiB"`,
		"a space between":                `"10 MiB"`,
		"a sign in front":                `"+10"`,
		"an empty string":                `""`,
		"more than fits":                 `"8589934592GiB"`,
		"more than fits without a unit":  `9223372036854775808`,
		"something that is not a number": `true`,
		"a list":                         `["1KiB"]`,
		"digits grouped by underscores":  `"1_000"`,
		"two units, one after the other": `"1KiBB"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registry.Size(7)
			require.ErrorContains(t, json.Unmarshal([]byte(raw), &s), "want a size")
			require.Equal(t, registry.Size(7), s)
		})
	}
}

func TestSizeIsWrittenInItsLargestUnit(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]registry.Size{
		"0B": 0, "512B": 512, "1025B": 1025, "64KiB": 64 * registry.KiB, "1536KiB": 1536 * registry.KiB,
		"10MiB": 10 * registry.MiB, "1GiB": registry.GiB,
	} {
		require.Equal(t, want, s.String())
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var back registry.Size
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, s, back)
	}
}

func TestSizeOr(t *testing.T) {
	t.Parallel()
	require.Equal(t, registry.KiB, registry.Size(0).Or(registry.KiB))
	require.Equal(t, registry.Byte, registry.Byte.Or(registry.KiB))
	require.EqualValues(t, 1024, registry.KiB.Bytes())
}
