package exec

// Trigger starts a checkpoint now.
func Trigger(j *Job) { j.coord.trigger(false) }
