"""Rounds: parties of a joint contract, private notes, answers by rule, succession of contracts."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from kernel.frozen import freeze, keeping

TURN = 'negotiations_proposal'
ALWAYS = ['negotiation_id', 'number', 'side', 'terms', 'odrl', 'policy_hash', 'note']
before = freeze(TURN, ALWAYS)


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0002_initial'),
        ('negotiations', '0006_signatures'),
        ('organisations', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AnswerRule',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(db_index=True, max_length=20)),
                ('version', models.PositiveIntegerField(default=0)),
                ('created', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('changed', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('name', models.CharField(max_length=80)),
                ('accepts', models.BooleanField(default=True, help_text='Accept what is not wider than the standing offer')),
                ('refuses', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['-created'],
            },
        ),
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.CharField(choices=[('open', 'Has not answered'), ('accepted', 'Accepted'), ('refused', 'Refused')], default='open', max_length=10)),
                ('accepted_by', models.CharField(blank=True, default='', help_text="The person's name", max_length=150)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='PrivateNote',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(db_index=True, max_length=20)),
                ('version', models.PositiveIntegerField(default=0)),
                ('created', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('changed', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('text', models.TextField()),
            ],
            options={
                'ordering': ['created', 'id'],
            },
        ),
        migrations.CreateModel(
            name='RuleAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(help_text='accept, reject or person', max_length=10)),
                ('because', models.JSONField(default=list, help_text='Sentences')),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name='message',
            name='said_by',
            field=models.CharField(blank=True, default='', help_text='The rule that speaks, if no person', max_length=150),
        ),
        migrations.AddField(
            model_name='negotiation',
            name='kind',
            field=models.CharField(choices=[('new', 'New contract'), ('amendment', 'Change of a contract in force'), ('renewal', 'Renewal of a contract')], default='new', max_length=10),
        ),
        migrations.AddField(
            model_name='negotiation',
            name='reminded',
            field=models.PositiveSmallIntegerField(default=0, help_text='Days before the end of the last reminder'),
        ),
        migrations.AddField(
            model_name='negotiation',
            name='replaces',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='successions', to='negotiations.agreement'),
        ),
        migrations.AddField(
            model_name='negotiation',
            name='seats',
            field=models.PositiveSmallIntegerField(default=1, help_text='How many consumers the contract binds'),
        ),
        migrations.RunPython(before.reverse_code, before.code),
        migrations.AddField(
            model_name='proposal',
            name='also',
            field=models.JSONField(help_text='The further datasets of this turn: alias, id, title, version', null=True),
        ),
        freeze(TURN, [*ALWAYS, 'also']),
        *keeping(
            'negotiations_agreement',
            migrations.AlterField(
                model_name='agreement',
                name='negotiation',
                field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agreements', to='negotiations.negotiation'),
            ),
            migrations.AddConstraint(
                model_name='agreement',
                constraint=models.UniqueConstraint(fields=('negotiation', 'consumer'), name='one_agreement_each'),
            ),
        ),
        migrations.AddField(
            model_name='answerrule',
            name='author',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='answerrule',
            name='offer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='negotiations.offer'),
        ),
        migrations.AddField(
            model_name='answerrule',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation'),
        ),
        migrations.AddField(
            model_name='participant',
            name='negotiation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='negotiations.negotiation'),
        ),
        migrations.AddField(
            model_name='participant',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation'),
        ),
        migrations.AddField(
            model_name='privatenote',
            name='author',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='privatenote',
            name='negotiation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='negotiations.negotiation'),
        ),
        migrations.AddField(
            model_name='privatenote',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organisations.organisation'),
        ),
        migrations.AddField(
            model_name='ruleanswer',
            name='proposal',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='rule_answer', to='negotiations.proposal'),
        ),
        migrations.AddField(
            model_name='ruleanswer',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='negotiations.answerrule'),
        ),
        migrations.AddConstraint(
            model_name='answerrule',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['on', 'off'])), fields=('offer',), name='one_rule_per_offer'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(fields=('negotiation', 'organisation'), name='participant_once'),
        ),
    ]
