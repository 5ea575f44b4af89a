package holiday

// Limits of a file and of what is made of it.
const (
	MaxFile  = 1 << 20 // bytes of a file
	MaxYears = 10      // whole years ahead that can be asked for

	maxLine    = 16 << 10 // bytes of a content line that is read
	maxDepth   = 8        // components inside each other
	maxEvents  = 5000
	maxRules   = 200  // that repeat, in one file
	maxRule    = 500  // characters of one
	maxTimes   = 5000 // of one rule, from its first to the end of what was asked for
	maxSpan    = 366  // days that one event lasts
	maxDays    = 2000
	maxLeftOut = 200 // that are told one by one
	maxName    = 80  // characters, as the hours' own
)

// Years that dates may lie in. rrule-go counts to the year 9999; see rule.go.
const (
	firstYear = 1601
	lastYear  = 2199
)
