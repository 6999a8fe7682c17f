"""The counters' ledger, duties that are declared and answered, evidence, and keys that can be destroyed."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from kernel.frozen import freeze


def into_the_ledger(apps, schema_editor):
    """What was counted before there was a ledger, as one entry for each agreement."""
    Agreement, Use = apps.get_model("negotiations", "Agreement"), apps.get_model("negotiations", "Use")
    for agreement in Agreement.objects.filter(exports_used__gt=0).only("pk", "exports_used").iterator():
        Use.objects.create(agreement=agreement, counter="exports", amount=agreement.exports_used, phase="committed")


class Migration(migrations.Migration):

    dependencies = [
        ('negotiations', '0007_rounds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='duty',
            options={'ordering': ['due', 'created']},
        ),
        migrations.AddField(
            model_name='agreement',
            name='ended_at',
            field=models.DateTimeField(blank=True, help_text='When it ran out or was ended early', null=True),
        ),
        migrations.AddField(
            model_name='agreement',
            name='held_by',
            field=models.CharField(blank=True, default='', help_text='Who suspended it: provider, late or membership', max_length=12),
        ),
        migrations.AddField(
            model_name='agreement',
            name='keys_destroyed',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='duty',
            name='declared',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='duty',
            name='question',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='duty',
            name='reminded',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='duty',
            name='seen_by_trust',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='duty',
            name='told_trust',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='agreement',
            name='sealed_key',
            field=models.TextField(help_text='Pseudonym key of this agreement, encrypted; empty once destroyed'),
        ),
        migrations.AlterField(
            model_name='duty',
            name='due',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField(help_text='Bytes')),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(help_text='Media type, found from the content', max_length=60)),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='evidence', to='negotiations.duty')),
                ('uploaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Use',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('counter', models.CharField(max_length=10)),
                ('amount', models.PositiveBigIntegerField()),
                ('phase', models.CharField(default='reserved', max_length=10)),
                ('about', models.UUIDField(blank=True, null=True)),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed', models.DateTimeField(default=django.utils.timezone.now)),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='negotiations.agreement')),
            ],
            options={
                'ordering': ['created', 'id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('counter__in', ['exports', 'rows']), ('phase__in', ['reserved', 'committed'])), fields=('agreement', 'counter', 'about'), name='use_counted_once')],
            },
        ),
        # As before, but the key may go, once, with the date of it.
        freeze(
            "negotiations_agreement",
            ["negotiation_id", "dataset_id", "version_of_data_id", "provider_id", "consumer_id", "terms", "odrl",
             "policy_hash", "payload", "starts", "ends"],
            once=["sealed_key"],
            emptied="NEW.keys_destroyed IS NOT NULL",
            open_while={"jws": "OLD.state = 'signing'"},
            again=True,
        ),
        freeze("negotiations_evidence", ["duty_id", "sha256", "size", "name", "kind"]),
        migrations.RunPython(into_the_ledger, migrations.RunPython.noop),
    ]
