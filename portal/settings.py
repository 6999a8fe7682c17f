"""All settings, from the environment alone. `docs/operators/operate.md` explains each."""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import env

BASE_DIR = Path(__file__).resolve().parent.parent
COMMONHOLD_VAR = Path(env.text("COMMONHOLD_VAR") or BASE_DIR / "var").resolve()
COMMONHOLD_VAR.mkdir(parents=True, exist_ok=True)

DEMO = env.flag("DEMO")
DEBUG = env.flag("DEBUG")
TESTING = env.flag("TESTING")
# Tests are a portal of their own, whatever lies in the folder.
KEPT = {} if TESTING else {name: env.kept(COMMONHOLD_VAR, name) for name in ("secret-key", "site-url")}
SECRET_KEY = env.secret("SECRET_KEY") or KEPT.get("secret-key", "")
if not SECRET_KEY:
    if not (DEMO or DEBUG or TESTING):
        raise ImproperlyConfigured("SECRET_KEY is not set; give SECRET_KEY or SECRET_KEY_FILE")
    SECRET_KEY = "for-development-and-tests-only-never-in-production-0123456789"  # noqa: S105
SIGNING_KEY = env.secret("SIGNING_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
SITE_URL = (env.text("SITE_URL") or KEPT.get("site-url") or "http://127.0.0.1:8000").rstrip("/")
# The log's name in signed checkpoints: the host, without scheme, as C2SP signed notes ask.
PORTAL_ORIGIN = SITE_URL.split("://", 1)[-1] + "/log"
# Distributions whose steps recipes may name; workers read the same variable.
STEP_PACKAGES = env.words("STEP_PACKAGES", [])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "guardian",
    "csp",
    "heroicons",
    "kernel",
    "kernel.audit",
    "trusts.organisations",
    "trusts.witnesses",
    "trusts.rights",
    "trusts.membership",
    "trusts.mergers",
    "trusts.proposals",
    "trusts.datasets",
    "contracts.charters",
    "contracts.negotiations",
    "contracts.decisions",
    "contracts.library",
    "contracts.sharing",
    "jobs.runs",
    "jobs.intake",
    "jobs.trials",
    "jobs.deliveries",
    "jobs.tracing",
    "jobs.provenance",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.NoControlCharacters",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.ActorMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.context",
            ],
            "builtins": ["heroicons.templatetags.heroicons"],
        },
    }
]

DATABASES = {"default": env.database(env.text("DATABASE_URL"), COMMONHOLD_VAR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "organisations.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    # Rights on one object; `trusts/rights/grants.py` is the only file that writes them.
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "inbox"
ACCOUNT_LOGOUT_REDIRECT_URL = "front"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "trusts.organisations.sign_up.SignupForm"
ACCOUNT_ADAPTER = "trusts.organisations.account_mail.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO or TESTING
MFA_TOTP_ISSUER = "Commonhold"
# Organisations' own OpenID providers: hosts (host or host:port) that an owner may name, and that may be asked.
SSO_HOSTS = [h.lower() for h in env.words("SSO_HOSTS", [])]
SOCIALACCOUNT_ADAPTER = "trusts.organisations.oidc.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = COMMONHOLD_VAR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = COMMONHOLD_VAR / "media"
FILE_UPLOAD_TEMP_DIR = str(COMMONHOLD_VAR)
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# Files: below COMMONHOLD_VAR, or s3://bucket/prefix on any S3-compatible storage with a cache below it.
STORE_BUCKET = env.bucket("STORE_URL")
STORE_CACHE_MB = env.number("STORE_CACHE_MB", 20_000)
S3_ENDPOINT = env.text("S3_ENDPOINT")
S3_REGION = env.text("S3_REGION", "us-east-1")
S3_ACCESS_KEY = env.secret("S3_ACCESS_KEY")
S3_SECRET_KEY = env.secret("S3_SECRET_KEY")
# Data that stays where it is: folders by organisation, and hosts (host or host:port) that workers may read from.
DATA_ROOTS = env.roots("DATA_ROOTS")
DATA_HOSTS = [h if h.startswith("/") else h.lower() for h in env.words("DATA_HOSTS", [])]
DATA_QUERY_SECONDS = env.number("DATA_QUERY_SECONDS", 3600)
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 20 * 1024**3)

EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.console.EmailBackend"
    if DEMO or DEBUG
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_FILE_PATH = str(COMMONHOLD_VAR / "mail")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.secret("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Commonhold <no-reply@localhost>")

# Security. Behind TLS set SECURE=1: cookies, HSTS and redirects follow.
SECURE = env.flag("SECURE")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.StrictJSON", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Commonhold API",
    "DESCRIPTION": "Share data under terms that run: datasets, negotiations, agreements, requests, "
    "jobs, deliveries and evidence.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # The same words in several components get one name.
    "ENUM_NAME_OVERRIDES": {
        "TrustKindEnum": "trusts.membership.models.KINDS",
        "TrustProposalKindEnum": "trusts.proposals.models.KINDS",
        "MembershipRoleEnum": "trusts.membership.models.ROLES",
        "NegotiationKindEnum": "contracts.negotiations.models.KINDS",
        "RequestFormatEnum": "contracts.sharing.models.FORMATS",
        "JobKindEnum": "jobs.runs.models.KINDS",
        "GrantKindEnum": "trusts.rights.kinds.CHOICES",
        "SplitViewKindEnum": "trusts.witnesses.models.KINDS",
    },
}

# Work. Redis or Valkey; without REDIS_URL the embedded server's socket under var/ is used.
REDIS_URL = env.text("REDIS_URL") or f"redis+socket://{COMMONHOLD_VAR / 'run' / 'valkey.sock'}"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "short"
# The short queue seals the log every few seconds and must not wait behind a verification of all of it.
CELERY_TASK_ROUTES = {"jobs.run": {"queue": "long"}, "portal.tasks.check_log": {"queue": "long"}}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    # A web request must not wait for a broker that is away: one more try at once, then the outbox.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
    "socket_timeout": 10,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(COMMONHOLD_VAR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "seal": {"task": "portal.tasks.seal", "schedule": 2.0, "options": {"expires": 2}},
    "tidy": {"task": "portal.tasks.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    "remind": {"task": "portal.tasks.remind", "schedule": 900.0, "options": {"expires": 600}},
    # Shows that a worker of the long queue is there, and finds what no message told of.
    "look": {"task": "jobs.run", "schedule": 10.0, "options": {"expires": 10}},
    "sweep": {"task": "portal.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
}
JOB_LEASE_SECONDS = env.number("JOB_LEASE_SECONDS", 30)
JOB_ATTEMPTS = 3
# "child": the data work runs in a process of its own, with limits; "none": in the worker itself.
JOB_ISOLATION = env.choice("JOB_ISOLATION", ["child", "none"])
JOB_MEMORY_MB = env.number("JOB_MEMORY_MB", 1024)
JOB_MAX_SECONDS = env.number("JOB_MAX_SECONDS", 4 * 3600)
JOB_DISK_MB = env.number("JOB_DISK_MB", 100_000)
JOB_DISK_FREE_MB = env.number("JOB_DISK_FREE_MB", 256)
# Places for jobs on each host: start the worker of the long queue with -c JOB_SLOTS.
JOB_SLOTS = env.number("JOB_SLOTS", 2)
JOB_PER_ORGANISATION = env.number("JOB_PER_ORGANISATION", 2)
JOB_SMALL_MB = env.number("JOB_SMALL_MB", 64)
JOB_THREADS = env.number("JOB_THREADS", os.cpu_count() or 2)
# "local": each job on its worker; "dask": its batch steps on the cluster at DASK_SCHEDULER.
ENGINE = env.choice("ENGINE", ["local", "dask"])
DASK_SCHEDULER = env.text("DASK_SCHEDULER")
if ENGINE == "dask" and not DASK_SCHEDULER:
    raise ImproperlyConfigured(
        "ENGINE is dask, but DASK_SCHEDULER is not set; give tcp://host:8786 or tls://host:8786"
    )
_tls = {"tls_ca_file": env.text("DASK_TLS_CA"), "tls_client_cert": env.text("DASK_TLS_CERT"), "tls_client_key": env.text("DASK_TLS_KEY")}  # fmt: skip
DASK_TLS = _tls if all(_tls.values()) else None
# Celery: worker start-up, tasks and outbox run where there is no person; off in tests by choice.
CELERY_TASK_ALWAYS_EAGER = env.flag("CELERY_EAGER")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
