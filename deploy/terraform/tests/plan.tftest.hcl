# terraform init && terraform test: needs the provider's schema, but no AWS account.

mock_provider "aws" {
  # Mocked strings are random: what must be JSON or an ARN is given (terraform-provider-aws#36700).
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

variables {
  environment        = "staging"
  image              = "registry.example/sandboxes:1.0.0"
  cluster_arn        = "arn:aws:ecs:eu-central-1:123456789012:cluster/main"
  subnet_ids         = ["subnet-1"]
  security_group_ids = ["sg-1"]
  temporal_address   = "temporal.example:7233"
  secret_arns = {
    worker_database_url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a"
    worker_redis_url    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:b"
    worker_nats_url     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:c"
    router_database_url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:d"
    router_redis_url    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:e"
    router_nats_url     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:f"
    client_database_url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:g"
    client_redis_url    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:h"
    client_nats_url     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:i"
    master_secret       = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:j"
    nats_authority      = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:k"
    api_database_url    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:l"
    api_redis_url       = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:m"
    api_nats_url        = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:n"
    tenant_key          = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:o"
    actor_key           = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:p"
  }
  api_target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/0123456789abcdef"
}

run "sweeps_every_quarter_of_an_hour" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_rule.sweep.schedule_expression == "rate(15 minutes)"
    error_message = "The sweep must run every 15 minutes."
  }
}

run "has_the_three_alarms" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.cleanup_errors.threshold == 5
    error_message = "More than 5 errors in 15 minutes."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.create_slow.threshold == 60 && aws_cloudwatch_metric_alarm.create_slow.period == 300
    error_message = "p99 above 60 s for 5 minutes."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.orphans.period * aws_cloudwatch_metric_alarm.orphans.evaluation_periods == 3600
    error_message = "Orphans for an hour."
  }
}

run "hands_the_key_of_temporal_to_the_worker_and_the_sweep_alone" {
  command = plan

  variables {
    temporal_secret_arns = { api_key = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:t" }
  }

  assert {
    condition     = strcontains(aws_ecs_task_definition.service["worker"].container_definitions, "TEMPORAL_API_KEY")
    error_message = "The worker needs the key."
  }

  assert {
    condition     = strcontains(aws_ecs_task_definition.sweep.container_definitions, "TEMPORAL_API_KEY")
    error_message = "The sweep needs the key."
  }

  assert {
    condition     = !strcontains(aws_ecs_task_definition.service["router"].container_definitions, "TEMPORAL")
    error_message = "The router needs no Temporal."
  }
}

run "gives_the_api_its_subkeys_and_no_other_service_them" {
  command = plan

  assert {
    condition     = strcontains(aws_ecs_task_definition.service["api"].container_definitions, "SANDBOX_ACTOR_KEY") && strcontains(aws_ecs_task_definition.service["api"].container_definitions, "SANDBOX_TENANT_KEY")
    error_message = "The API needs both subkeys."
  }

  assert {
    condition     = !strcontains(aws_ecs_task_definition.service["api"].container_definitions, "SANDBOX_MASTER_SECRET") && !strcontains(aws_ecs_task_definition.service["api"].container_definitions, "SANDBOX_NATS_AUTHORITY")
    error_message = "The master secret is the worker's alone."
  }

  assert {
    condition     = !strcontains(aws_ecs_task_definition.service["router"].container_definitions, "SANDBOX_ACTOR_KEY")
    error_message = "The router signs nothing."
  }
}

run "puts_the_api_alone_behind_the_load_balancer" {
  command = plan

  assert {
    condition     = one(aws_ecs_service.service["api"].load_balancer).container_port == 7780
    error_message = "The API listens on 7780."
  }

  assert {
    condition     = length(aws_ecs_service.service["worker"].load_balancer) == 0
    error_message = "The worker takes no requests."
  }
}

run "refuses_latest" {
  command = plan

  variables {
    image = "registry.example/sandboxes:latest"
  }

  expect_failures = [var.image]
}

run "refuses_a_sweep_every_second_minute" {
  command = plan

  variables {
    sweep_minutes = 2
  }

  expect_failures = [var.sweep_minutes]
}
