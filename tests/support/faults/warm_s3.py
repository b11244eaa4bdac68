"""Imported by nurseries: boto3 reads its description of S3 once, and every child finds it in memory."""

from __future__ import annotations

import boto3

boto3.client("s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
