
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0008_trace_kind'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('intake', 'Read and profile'), ('export', 'Clean and export'), ('trial', 'Try on a sample'), ('check', 'Check rules'), ('look', 'Look at the source'), ('trace', 'Trace a leaked file'), ('withdraw', 'Find withdrawn rows')], max_length=10),
        ),
    ]
