output "alarm_topic_arn" {
  description = "Subscribe pagers here."
  value       = aws_sns_topic.alarms.arn
}

output "sweep_rule" {
  description = "The EventBridge rule; disable it to stop the sweep."
  value       = aws_cloudwatch_event_rule.sweep.name
}

output "log_groups" {
  description = "Log groups by service."
  value       = merge({ for key, group in aws_cloudwatch_log_group.service : key => group.name }, { sweep = aws_cloudwatch_log_group.sweep.name })
}
