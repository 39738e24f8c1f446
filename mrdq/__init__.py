"""mrdq: from raw ASO-qPCR exports to explained MRD status."""

__version__ = "0.1.0"
