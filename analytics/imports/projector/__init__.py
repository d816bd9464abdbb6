"""From xAPI statements to events: what verbs mean, who acted, on what; and the job that keeps up with the store."""
