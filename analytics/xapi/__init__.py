"""xAPI values: JSON that is checked against the specification, or an error with its JSON path. Pure: no Django.

2.0.0 is IEEE 9274.1.1-2023, 1.0.3 is https://github.com/adlnet/xAPI-Spec/tree/1.0.3.
"""
