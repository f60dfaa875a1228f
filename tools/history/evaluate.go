package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// What the groups of one interval cost, each of them evaluated once.
type cost struct {
	Interval    float64 `json:"interval"` // seconds
	Evaluations int     `json:"evaluations"`
	CPUSeconds  float64 `json:"cpu_seconds"`
}

// Prometheus' own evaluation of rule groups, without its clock: each is evaluated twice, a step apart, and the second time counts.
// By then what one rule reads of another is there. The series go on rising as they did.
func evaluate(data, file string, every []series) error {
	options := tsdb.DefaultOptions()
	options.RetentionDuration = int64(365 * 24 * time.Hour / time.Millisecond)
	db, err := tsdb.Open(data, nil, nil, options, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples:           50_000_000,
		Timeout:              time.Hour,
		LookbackDelta:        5 * time.Minute,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
	})
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(engine, db),
		NotifyFunc:   func(context.Context, string, ...*rules.Alert) {},
		AppendableV2: db,
		Queryable:    db,
	})
	groups, refused := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, file)
	if len(refused) > 0 {
		return errors.Join(refused...)
	}
	costs := map[time.Duration]*cost{}
	for round := range 2 {
		at, err := rise(db, every, int64(round))
		if err != nil {
			return err
		}
		for _, group := range groups {
			before := used()
			group.Eval(context.Background(), at)
			spent := used() - before
			for _, rule := range group.Rules() {
				if err := rule.LastError(); err != nil {
					return fmt.Errorf("%s: %w", rule.Name(), err)
				}
			}
			if round == 0 {
				continue
			}
			interval := group.Interval()
			if costs[interval] == nil {
				costs[interval] = &cost{Interval: interval.Seconds()}
			}
			costs[interval].Evaluations++
			costs[interval].CPUSeconds += spent.Seconds()
		}
	}
	written := json.NewEncoder(os.Stdout)
	for _, one := range costs {
		if err := written.Encode(one); err != nil {
			return err
		}
	}
	return nil
}

// The next sample of each series; returns its time.
func rise(db *tsdb.DB, every []series, round int64) (time.Time, error) {
	var last int64
	appender := db.AppenderV2(context.Background())
	for _, one := range every {
		past := (one.Until - one.From + one.Step - 1) / one.Step
		at := one.From + (past+round)*one.Step
		value := one.First + float64(past+round)*one.Rise
		if _, err := appender.Append(0, one.sorted, 0, at, value, nil, nil, storage.AOptions{}); err != nil {
			return time.Time{}, fmt.Errorf("%s: %w", one.sorted, err)
		}
		last = max(last, at)
	}
	return time.UnixMilli(last), appender.Commit()
}

// CPU time of this process so far, its garbage collector's included.
func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
