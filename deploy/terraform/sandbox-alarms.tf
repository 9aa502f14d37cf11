# The plan's three alarms, on the metrics that worker and sweep write into their logs (platform/emf.ts).

resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
  tags = local.tags
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "cleanup_errors" {
  alarm_name          = "${var.name}-cleanup-errors"
  alarm_description   = "More than 5 attempts to clean up failed in 15 minutes. docs/sandbox-runbook.md#sandboxcleanuperrors"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags

  metric_query {
    id          = "errors"
    expression  = "FILL(worker, 0) + FILL(sweep, 0)"
    label       = "Failed attempts"
    return_data = true
  }

  metric_query {
    id = "worker"
    metric {
      namespace   = local.metric_namespace
      metric_name = "CleanupErrors"
      dimensions  = { Service = "worker" }
      period      = 900
      stat        = "Sum"
    }
  }

  metric_query {
    id = "sweep"
    metric {
      namespace   = local.metric_namespace
      metric_name = "CleanupErrors"
      dimensions  = { Service = "sweep" }
      period      = 900
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "create_slow" {
  alarm_name          = "${var.name}-create-slow"
  alarm_description   = "One create in a hundred takes longer than 60 s. docs/sandbox-runbook.md#sandboxcreateslow"
  namespace           = local.metric_namespace
  metric_name         = "CreateDuration"
  dimensions          = { Service = "worker" }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "orphans" {
  alarm_name          = "${var.name}-orphans"
  alarm_description   = "The sweep has left resources without a sandbox for an hour. docs/sandbox-runbook.md#sandboxorphans"
  namespace           = local.metric_namespace
  metric_name         = "OrphanedResources"
  dimensions          = { Service = "sweep" }
  statistic           = "Minimum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # A sweep that does not run leaves things as well.
  treat_missing_data = "breaching"
  alarm_actions      = [aws_sns_topic.alarms.arn]
  ok_actions         = [aws_sns_topic.alarms.arn]
  tags               = local.tags
}
