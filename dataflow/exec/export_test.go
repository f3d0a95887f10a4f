package exec

// Trigger starts a checkpoint now.
func Trigger(j *Job) { j.coord.trigger(false) }

// Asked is how many wait for a checkpoint that they asked for.
func Asked(j *Job) int {
	j.coord.mu.Lock()
	defer j.coord.mu.Unlock()
	return len(j.coord.asked)
}
