"""Tables of what the recommender keeps, handed to analytics when the app is ready: page, CSV and API ask them."""
