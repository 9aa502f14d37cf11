data "aws_region" "current" {}

locals {
  tags = merge(var.tags, {
    Project     = "discord-server-sandboxes"
    Environment = var.environment
    ManagedBy   = "terraform"
  })

  # Of one vocabulary with platform/emf.ts.
  metric_namespace = "Sandboxes"

  # An empty variable counts as unset.
  temporal = [
    { name = "TEMPORAL_ADDRESS", value = var.temporal_address },
    { name = "TEMPORAL_NAMESPACE", value = var.temporal_namespace },
    { name = "TEMPORAL_TLS", value = var.temporal_tls ? "true" : "" },
    { name = "TEMPORAL_TLS_SERVER_NAME", value = var.temporal_tls_server_name },
  ]

  # Of those that are given; worker, API and sweep read them, the router needs no Temporal.
  temporal_secrets = [
    for variable, arn in {
      TEMPORAL_API_KEY                 = var.temporal_secret_arns.api_key
      TEMPORAL_TLS_CLIENT_CERT_DATA    = var.temporal_secret_arns.client_cert
      TEMPORAL_TLS_CLIENT_KEY_DATA     = var.temporal_secret_arns.client_key
      TEMPORAL_TLS_SERVER_CA_CERT_DATA = var.temporal_secret_arns.server_ca_cert
    } : { name = variable, valueFrom = arn } if arn != null
  ]

  metrics_page = [
    { name = "SANDBOX_METRICS_HOST", value = "0.0.0.0" },
    { name = "SANDBOX_METRICS_PORT", value = "9464" },
  ]

  # The addresses that each role uses; no role has another's.
  urls = {
    for role in ["worker", "router", "client", "api"] : role => [
      { name = "SANDBOX_CONTROL_DATABASE_URL", valueFrom = var.secret_arns["${role}_database_url"] },
      { name = "SANDBOX_CONTROL_REDIS_URL", valueFrom = var.secret_arns["${role}_redis_url"] },
      { name = "SANDBOX_CONTROL_NATS_URL", valueFrom = var.secret_arns["${role}_nats_url"] },
    ]
  }

  sweep_secrets = concat(local.urls.client, local.temporal_secrets)

  # An empty variable counts as unset: tenants then get the servers' own addresses.
  api_environment = [
    { name = "SANDBOX_API_HOST", value = "0.0.0.0" },
    { name = "SANDBOX_API_PORT", value = tostring(local.api_port) },
    { name = "SANDBOX_API_TRUSTED_PROXIES", value = join(",", var.api_trusted_proxies) },
    { name = "SANDBOX_TENANT_DATABASE_URL", value = var.tenant_urls.database },
    { name = "SANDBOX_TENANT_REDIS_URL", value = var.tenant_urls.redis },
    { name = "SANDBOX_TENANT_NATS_URL", value = var.tenant_urls.nats },
  ]
  api_port = 7780

  services = {
    worker = {
      count       = var.worker_count
      command     = ["worker"]
      environment = concat(local.temporal, local.metrics_page, [{ name = "SANDBOX_EMF", value = "on" }])
      secrets = concat(local.urls.worker, local.temporal_secrets, [
        { name = "SANDBOX_MASTER_SECRET", valueFrom = var.secret_arns.master_secret },
        { name = "SANDBOX_NATS_AUTHORITY", valueFrom = var.secret_arns.nats_authority },
      ])
    }
    router = {
      count       = var.router_count
      command     = ["router"]
      environment = local.metrics_page
      secrets     = local.urls.router
    }
    # The two subkeys, and never the master secret (docs/security.md).
    api = {
      count       = var.api_count
      command     = ["api"]
      environment = concat(local.temporal, local.metrics_page, local.api_environment)
      secrets = concat(local.urls.api, local.temporal_secrets, [
        { name = "SANDBOX_TENANT_KEY", valueFrom = var.secret_arns.tenant_key },
        { name = "SANDBOX_ACTOR_KEY", valueFrom = var.secret_arns.actor_key },
      ])
    }
  }
}

data "aws_iam_policy_document" "ecs_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}
