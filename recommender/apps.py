from django.apps import AppConfig


class RecommenderConfig(AppConfig):
    name = "recommender"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from recommender import retention, stored  # models are there only now
        from recommender.tables import catalogue
        from recommender.worklist import columns

        columns.register()
        catalogue.register()
        retention.register()
        stored.register()
