"""What the server adds beside Streamlit: webhooks, health and metrics, security headers, child processes."""
