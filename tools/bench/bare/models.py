from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=160, db_index=True)
    email = models.EmailField(unique=True)
    role = models.CharField(max_length=20)
    plan = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
