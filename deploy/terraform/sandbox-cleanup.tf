# The sweep as the plan has it: EventBridge runs an ECS task every 15 minutes. Temporal's own schedule does the same; whoever
# comes first, one sweep runs at a time (its workflow id allows no second).

resource "aws_cloudwatch_log_group" "sweep" {
  name              = "/sandboxes/${var.name}/sweep"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_iam_role" "sweep_execution" {
  name               = "${var.name}-sweep-execution"
  assume_role_policy = data.aws_iam_policy_document.ecs_assume.json
  tags               = local.tags
}

data "aws_iam_policy_document" "sweep_execution" {
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.sweep.arn}:*"]
  }

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for secret in local.sweep_secrets : secret.valueFrom]
  }

  statement {
    sid = "Image"
    actions = [
      "ecr:GetAuthorizationToken",
      "ecr:BatchCheckLayerAvailability",
      "ecr:GetDownloadUrlForLayer",
      "ecr:BatchGetImage",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "sweep_execution" {
  name   = "run"
  role   = aws_iam_role.sweep_execution.id
  policy = data.aws_iam_policy_document.sweep_execution.json
}

resource "aws_ecs_task_definition" "sweep" {
  family                   = "${var.name}-sweep"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.sweep_execution.arn
  tags                     = local.tags

  container_definitions = jsonencode([
    {
      name        = "sweep"
      image       = var.image
      command     = ["sandbox", "sweep", "--emf"]
      essential   = true
      environment = local.temporal
      secrets     = local.sweep_secrets
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.sweep.name
          awslogs-region        = data.aws_region.current.name
          awslogs-stream-prefix = "sweep"
        }
      }
    }
  ])
}

data "aws_iam_policy_document" "events_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "sweep_start" {
  name               = "${var.name}-sweep-start"
  assume_role_policy = data.aws_iam_policy_document.events_assume.json
  tags               = local.tags
}

data "aws_iam_policy_document" "sweep_start" {
  statement {
    sid       = "Run"
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.sweep.arn_without_revision}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.cluster_arn]
    }
  }

  statement {
    sid       = "Pass"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.sweep_execution.arn]
  }
}

resource "aws_iam_role_policy" "sweep_start" {
  name   = "start"
  role   = aws_iam_role.sweep_start.id
  policy = data.aws_iam_policy_document.sweep_start.json
}

resource "aws_cloudwatch_event_rule" "sweep" {
  name                = "${var.name}-sweep"
  description         = "Sweeps what sandboxes have left."
  schedule_expression = "rate(${var.sweep_minutes} minutes)"
  tags                = local.tags
}

resource "aws_cloudwatch_event_target" "sweep" {
  rule     = aws_cloudwatch_event_rule.sweep.name
  arn      = var.cluster_arn
  role_arn = aws_iam_role.sweep_start.arn

  ecs_target {
    task_definition_arn = aws_ecs_task_definition.sweep.arn
    launch_type         = "FARGATE"
    task_count          = 1

    network_configuration {
      subnets         = var.subnet_ids
      security_groups = var.security_group_ids
    }
  }

  retry_policy {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 600
  }
}
