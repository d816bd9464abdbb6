"""Files as tables of texts, whatever they are packed, encoded and written in.

`packed` unpacks, `encodings` decodes, `delimited`, `json_lines`, `parquet` and `sheets` parse, `opened` chooses.
"""
