# The worker, the routers and the API as ECS services. Each execution role reads its own secrets and writes its own log group, no more.

resource "aws_cloudwatch_log_group" "service" {
  for_each = local.services

  name              = "/sandboxes/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_iam_role" "service_execution" {
  for_each = local.services

  name               = "${var.name}-${each.key}-execution"
  assume_role_policy = data.aws_iam_policy_document.ecs_assume.json
  tags               = local.tags
}

data "aws_iam_policy_document" "service_execution" {
  for_each = local.services

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.service[each.key].arn}:*"]
  }

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for secret in each.value.secrets : secret.valueFrom]
  }

  statement {
    sid = "Image"
    actions = [
      "ecr:GetAuthorizationToken",
      "ecr:BatchCheckLayerAvailability",
      "ecr:GetDownloadUrlForLayer",
      "ecr:BatchGetImage",
    ]
    # GetAuthorizationToken knows no resource.
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "service_execution" {
  for_each = local.services

  name   = "run"
  role   = aws_iam_role.service_execution[each.key].id
  policy = data.aws_iam_policy_document.service_execution[each.key].json
}

resource "aws_ecs_task_definition" "service" {
  for_each = local.services

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.service_execution[each.key].arn
  tags                     = local.tags

  container_definitions = jsonencode([
    {
      name         = each.key
      image        = var.image
      command      = each.value.command
      essential    = true
      environment  = each.value.environment
      secrets      = each.value.secrets
      portMappings = [for port in concat([9464], each.key == "api" ? [local.api_port] : []) : { containerPort = port }]
      # A stop drains first; the worker's own grace is 5 s.
      stopTimeout = 30
      healthCheck = {
        command     = ["CMD", "node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
        interval    = 15
        timeout     = 5
        retries     = 3
        startPeriod = 60
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.service[each.key].name
          awslogs-region        = data.aws_region.current.name
          awslogs-stream-prefix = each.key
        }
      }
    }
  ])
}

resource "aws_ecs_service" "service" {
  for_each = local.services

  name                               = "${var.name}-${each.key}"
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.service[each.key].arn
  desired_count                      = each.value.count
  launch_type                        = "FARGATE"
  deployment_minimum_healthy_percent = 50
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  tags                               = local.tags

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # A new replica takes no request before it is ready, and one that stops drains within 10 s.
  health_check_grace_period_seconds = each.key == "api" ? 60 : null

  dynamic "load_balancer" {
    for_each = each.key == "api" ? [var.api_target_group_arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = "api"
      container_port   = local.api_port
    }
  }

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = var.security_group_ids
  }
}
