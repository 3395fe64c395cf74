"""The migrations, in sequential numbers; `lifecycle.store.migrate` carries them out."""
