package main

import (
	"slices"
	"time"

	"nubitalk/internal/server/drive"
)

// starts is how often the program is started for cold_start.
const starts = 5

// coldStart is from the start of the process to its readiness, over a database
// with a week of history, and what it holds when nobody is there.
func coldStart(r *run) error {
	dir, err := r.installation("start")
	if err != nil {
		return err
	}
	var took, used []float64
	var p *drive.Program
	for i := range starts {
		began := time.Now()
		if p, err = r.serve(dir, ""); err != nil {
			return err
		}
		took = append(took, time.Since(began).Seconds())
		spent, err := cpu(p.PID())
		if err != nil {
			return err
		}
		used = append(used, spent.Seconds())
		if i < starts-1 {
			if err := p.Stop(r.ctx); err != nil {
				return err
			}
		}
	}
	r.figure("cold_start", median(took), "s", atMost, 1, "wall, median of 5")
	r.figure("cold_start_cpu", median(used), "s", noGoal, 0, "CPU until ready")
	memory, err := r.settled(p.PID())
	if err != nil {
		return err
	}
	r.figure("idle_memory", float64(memory)/1e6, "MB", atMost, 80, "resident")
	return p.Stop(r.ctx)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
