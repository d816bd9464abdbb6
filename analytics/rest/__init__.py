"""What the REST API of both apps stands on: callers, access, paging, problems and the schema's manners."""
