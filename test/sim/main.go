package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/core/acd/acdsim"
)

func main() {
	seeds := flag.Uint64("seeds", 10_000, "how many seeds")
	first := flag.Uint64("first", 0, "the first seed")
	ops := flag.Int("ops", 150, "about how many things happen in a story")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "how many stories are played at a time")
	flag.Parse()

	start := time.Now()
	var next, steps, offers atomic.Uint64
	var failed atomic.Pointer[acdsim.Failure]
	next.Store(*first)
	var wg sync.WaitGroup
	for range *workers {
		wg.Go(func() {
			for failed.Load() == nil {
				seed := next.Add(1) - 1
				if seed >= *first+*seeds {
					return
				}
				r, f := acdsim.Play(acdsim.NewStory(seed, *ops), acdsim.Quiet)
				if f != nil {
					failed.CompareAndSwap(nil, f)
					return
				}
				steps.Add(uint64(r.Steps))
				offers.Add(uint64(r.Offers))
			}
		})
	}
	wg.Wait()
	if f := failed.Load(); f != nil {
		fmt.Printf("seed %d failed at step %d: %s\n\nthe shortest story that fails:\n%v", f.Story.Seed, f.Step, f.What, acdsim.Shrink(f))
		os.Exit(1)
	}
	fmt.Printf("%d seeds, %d events, %d offers: all as they should be (%s)\n", *seeds, steps.Load(), offers.Load(), time.Since(start).Round(time.Millisecond))
}
