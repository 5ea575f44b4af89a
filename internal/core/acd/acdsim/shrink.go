package acdsim

// Shrink makes a failing story as short as it gets by leaving out ops while it
// still fails, and returns the failure of the short one with its log.
func Shrink(f *Failure) *Failure {
	s := f.Story
	if f.Step+1 < len(s.Ops) && f.Step >= 0 {
		s.Ops = s.Ops[:f.Step+1]
	}
	fails := func(ops []Op) bool {
		_, failed := Play(Story{s.Seed, ops, s.spoil}, Quiet)
		return failed != nil
	}
	if !fails(s.Ops) {
		s.Ops = f.Story.Ops
	}
	for size := max(len(s.Ops)/2, 1); ; {
		cut := false
		for at := 0; at < len(s.Ops); {
			rest := append(append([]Op{}, s.Ops[:at]...), s.Ops[min(at+size, len(s.Ops)):]...)
			if fails(rest) {
				s.Ops, cut = rest, true
			} else {
				at += size
			}
		}
		if size == 1 && !cut {
			break
		}
		if !cut || size > 1 {
			size = max(size/2, 1)
		}
	}
	for i := range s.Ops { // waits that do not matter
		if wait := s.Ops[i].Wait; wait != 0 {
			s.Ops[i].Wait = 0
			if !fails(s.Ops) {
				s.Ops[i].Wait = wait
			}
		}
	}
	_, short := Play(s, Logged)
	return short
}
