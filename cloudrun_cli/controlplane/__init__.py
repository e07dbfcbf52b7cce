"""The verbs: load, ask core, save, note it in the journal."""
