// Months of many series in Prometheus' storage, in seconds, and what rules cost on them.
//
// Standard input holds one JSON object a series, each a straight line. history write DATA makes a block of them in the folder
// DATA; history evaluate DATA RULES prints the CPU time that the groups of a rule file take there.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/tsdb/tombstones"
)

// What the storage itself puts into a chunk.
const samplesPerChunk = 120

// Times in milliseconds since 1970, the last one excluded.
type line struct {
	From  int64   `json:"from"`
	Until int64   `json:"until"`
	Step  int64   `json:"step"`
	First float64 `json:"first"`
	Rise  float64 `json:"rise"`
}

type series struct {
	line
	Labels map[string]string `json:"labels"`
	sorted labels.Labels
}

func main() {
	log.SetFlags(0)
	arguments := os.Args[1:]
	every, err := read(os.Stdin)
	switch {
	case err != nil:
	case len(arguments) == 2 && arguments[0] == "write":
		err = write(arguments[1], every)
	case len(arguments) == 3 && arguments[0] == "evaluate":
		err = evaluate(arguments[1], arguments[2], every)
	default:
		log.Fatal("usage: history write DATA < SERIES, or history evaluate DATA RULES < SERIES")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func read(from io.Reader) ([]series, error) {
	var every []series
	for decoder := json.NewDecoder(bufio.NewReader(from)); ; {
		var one series
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if one.Step <= 0 || one.Until <= one.From {
			return nil, fmt.Errorf("no sample in %+v", one.line)
		}
		one.sorted = labels.FromMap(one.Labels)
		every = append(every, one)
	}
	if len(every) == 0 {
		return nil, errors.New("no series")
	}
	slices.SortFunc(every, func(a, b series) int { return labels.Compare(a.sorted, b.sorted) })
	return every, nil
}

func write(data string, every []series) error {
	id := ulid.MustNew(ulid.Now(), rand.Reader)
	folder := filepath.Join(data, id.String())
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	samples, err := chunks.NewWriter(filepath.Join(folder, "chunks"))
	if err != nil {
		return err
	}
	listed, err := index.NewWriter(context.Background(), filepath.Join(folder, "index"))
	if err != nil {
		return err
	}
	for _, symbol := range symbols(every) {
		if err := listed.AddSymbol(symbol); err != nil {
			return err
		}
	}
	meta := tsdb.BlockMeta{ULID: id, Version: 1, MinTime: math.MaxInt64, MaxTime: math.MinInt64}
	meta.Compaction.Level, meta.Compaction.Sources = 1, []ulid.ULID{id}
	encoded := map[line][]chunks.Meta{}
	for at, one := range every {
		if encoded[one.line] == nil {
			if encoded[one.line], err = encode(one.line); err != nil {
				return err
			}
		}
		own := slices.Clone(encoded[one.line])
		if err := samples.WriteChunks(own...); err != nil {
			return err
		}
		if err := listed.AddSeries(storage.SeriesRef(at), one.sorted, own...); err != nil {
			return fmt.Errorf("%s: %w", one.sorted, err)
		}
		meta.MinTime = min(meta.MinTime, one.From)
		meta.MaxTime = max(meta.MaxTime, own[len(own)-1].MaxTime+1)
		meta.Stats.NumSeries++
		meta.Stats.NumChunks += uint64(len(own))
		meta.Stats.NumSamples += uint64((one.Until - one.From + one.Step - 1) / one.Step)
	}
	if err := errors.Join(samples.Close(), listed.Close()); err != nil {
		return err
	}
	if _, err := tombstones.WriteFile(nil, folder, tombstones.NewMemTombstones()); err != nil {
		return err
	}
	text, err := json.MarshalIndent(meta, "", "\t")
	if err != nil {
		return err
	}
	fmt.Println(id)
	return os.WriteFile(filepath.Join(folder, "meta.json"), text, 0o666)
}

func encode(of line) ([]chunks.Meta, error) {
	var every []chunks.Meta
	value := of.First
	for at := of.From; at < of.Until; {
		chunk := chunkenc.NewXORChunk()
		appender, err := chunk.Appender()
		if err != nil {
			return nil, err
		}
		begun := at
		for range samplesPerChunk {
			if at >= of.Until {
				break
			}
			appender.Append(0, at, value)
			at, value = at+of.Step, value+of.Rise
		}
		every = append(every, chunks.Meta{MinTime: begun, MaxTime: at - of.Step, Chunk: chunk})
	}
	return every, nil
}

// The index wants them in order.
func symbols(every []series) []string {
	found := map[string]struct{}{}
	for _, one := range every {
		for name, value := range one.Labels {
			found[name], found[value] = struct{}{}, struct{}{}
		}
	}
	var sorted []string
	for symbol := range found {
		sorted = append(sorted, symbol)
	}
	slices.Sort(sorted)
	return sorted
}
