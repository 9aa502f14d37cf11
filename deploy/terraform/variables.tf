variable "name" {
  description = "Prefix of everything here, such as sandboxes-staging."
  type        = string
  default     = "sandboxes"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "Use 2 to 31 of a-z, 0-9 and \"-\", beginning with a letter."
  }
}

variable "environment" {
  description = "The environment tag."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "One of dev, staging, production."
  }
}

variable "image" {
  description = "The image of deploy/Dockerfile, pinned by digest or by a tag that is not latest."
  type        = string

  validation {
    condition     = can(regex("^.+(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_.-]+)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Name a digest or a tag, and not latest: a task must run what was tested."
  }
}

variable "cluster_arn" {
  description = "The ECS cluster that runs worker, routers and sweep."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/.+$", var.cluster_arn))
    error_message = "Give the ARN of an ECS cluster."
  }
}

variable "subnet_ids" {
  description = "Private subnets from which the servers are reachable."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "Give at least one subnet id."
  }
}

variable "security_group_ids" {
  description = "Security groups of the tasks."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0 && alltrue([for id in var.security_group_ids : startswith(id, "sg-")])
    error_message = "Give at least one security group id."
  }
}

variable "temporal_address" {
  description = "host:port of Temporal's frontend."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+:[0-9]{1,5}$", var.temporal_address))
    error_message = "Write host:port."
  }
}

variable "temporal_namespace" {
  description = "The Temporal namespace."
  type        = string
  default     = "default"
}

variable "temporal_tls" {
  description = "TLS to a Temporal that asks for neither a key nor a certificate; with one of them it comes by itself."
  type        = bool
  default     = false
}

variable "temporal_tls_server_name" {
  description = "The name in Temporal's certificate, where it is not the address's."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]*$", var.temporal_tls_server_name))
    error_message = "Write a host's name."
  }
}

variable "temporal_secret_arns" {
  description = "Secrets Manager secrets for Temporal: its API key, and PEM texts of the client's certificate and key and of the server's authority. Those that it asks for."
  type = object({
    api_key        = optional(string)
    client_cert    = optional(string)
    client_key     = optional(string)
    server_ca_cert = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for arn in values(var.temporal_secret_arns) : arn == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:", arn))])
    error_message = "Each must be the ARN of a Secrets Manager secret."
  }

  validation {
    condition     = (var.temporal_secret_arns.client_cert == null) == (var.temporal_secret_arns.client_key == null)
    error_message = "A client certificate and its key need each other."
  }
}

variable "secret_arns" {
  description = "Secrets Manager secrets: each service's own URLs; the master secret and NATS' authority, which the worker alone reads; the two subkeys, which the API reads."
  type = object({
    worker_database_url = string
    worker_redis_url    = string
    worker_nats_url     = string
    router_database_url = string
    router_redis_url    = string
    router_nats_url     = string
    client_database_url = string
    client_redis_url    = string
    client_nats_url     = string
    api_database_url    = string
    api_redis_url       = string
    api_nats_url        = string
    master_secret       = string
    nats_authority      = string
    tenant_key          = string
    actor_key           = string
  })

  validation {
    condition     = alltrue([for arn in values(var.secret_arns) : can(regex("^arn:aws[a-z-]*:secretsmanager:", arn))])
    error_message = "Each must be the ARN of a Secrets Manager secret."
  }
}

variable "sweep_minutes" {
  description = "Minutes between two sweeps."
  type        = number
  default     = 15

  validation {
    condition     = var.sweep_minutes >= 5 && var.sweep_minutes <= 60 && floor(var.sweep_minutes) == var.sweep_minutes
    error_message = "Whole minutes, 5 to 60: the alarm on orphans counts an hour of sweeps."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the logs."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "One of the periods that CloudWatch offers."
  }
}

variable "worker_count" {
  description = "Workers; two survive the loss of one without a pause."
  type        = number
  default     = 2

  validation {
    condition     = var.worker_count >= 1 && var.worker_count <= 20
    error_message = "1 to 20."
  }
}

variable "router_count" {
  description = "Routers: one writes, the others stand by."
  type        = number
  default     = 2

  validation {
    condition     = var.router_count >= 1 && var.router_count <= 5
    error_message = "1 to 5: one writes, the others only stand by."
  }
}

variable "api_count" {
  description = "Replicas of the API; two survive the loss of one without a pause."
  type        = number
  default     = 2

  validation {
    condition     = var.api_count >= 1 && var.api_count <= 20
    error_message = "1 to 20."
  }
}

variable "api_target_group_arn" {
  description = "The target group (type ip, HTTP, port 7780) of a load balancer that speaks TLS: tokens travel over TLS alone. Its health check: /healthz on port 9464."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/.+$", var.api_target_group_arn))
    error_message = "Give the ARN of a load balancer's target group."
  }
}

variable "api_trusted_proxies" {
  description = "Networks of the load balancer, whose X-Forwarded-For the API's log believes."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for network in var.api_trusted_proxies : can(cidrhost(network, 0))])
    error_message = "Each must be a network such as 10.0.0.0/16."
  }
}

variable "tenant_urls" {
  description = "Addresses under which bots reach the servers, without a login in them; empty: those of the services."
  type = object({
    database = optional(string, "")
    redis    = optional(string, "")
    nats     = optional(string, "")
  })
  default = {}

  validation {
    condition     = alltrue([for url in values(var.tenant_urls) : !strcontains(url, "@")])
    error_message = "No login in an address: each sandbox has its own."
  }
}

variable "alarm_emails" {
  description = "Who is told of alarms. Each address must confirm its subscription."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "Each must be an e-mail address."
  }
}

variable "tags" {
  description = "More tags."
  type        = map(string)
  default     = {}
}
