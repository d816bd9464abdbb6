"""Dates as the pages write them in English: the day first, no comma to stumble over, hours to 24.

The last ones are of this project: what a pointer held over "2 days ago" shows, an instant to the second, and days in
charts (in the language of d3-time-format).
"""

DATE_FORMAT = "j F Y"
SHORT_DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j F Y, H:i"
SHORT_DATETIME_FORMAT = "j M Y H:i"
TIME_FORMAT = "H:i"
MONTH_DAY_FORMAT = "j M"
YEAR_MONTH_FORMAT = "M Y"
TIP_DATETIME_FORMAT = "j F Y H:i"
EXACT_DATETIME_FORMAT = "j F Y H:i:s"
CHART_DAY_FORMAT = "%-d %b %Y"
CHART_YEAR_MONTH_FORMAT = "%b %Y"
CHART_MONTH_DAY_FORMAT = "%-d %b"
