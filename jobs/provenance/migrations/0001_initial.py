
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('datasets', '0008_schedule'),
        ('deliveries', '0007_erased'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('column', models.CharField(max_length=200)),
                ('sealed', models.TextField(help_text='The values as a JSON list, encrypted')),
                ('values_count', models.PositiveIntegerField()),
                ('reason', models.TextField()),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='withdrawals', to='datasets.dataset')),
                ('stated_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created'],
            },
        ),
        migrations.CreateModel(
            name='Origin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='derived', to='deliveries.delivery')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='origins', to='datasets.datasetversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version', 'delivery'), name='origin_once')],
            },
        ),
        migrations.CreateModel(
            name='WithdrawnRows',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rows', models.PositiveBigIntegerField()),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='withdrawn', to='datasets.datasetversion')),
                ('withdrawal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='found', to='provenance.withdrawal')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('withdrawal', 'version'), name='withdrawn_once')],
            },
        ),
    ]
