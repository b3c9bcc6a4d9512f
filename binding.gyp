{ "targets": [{ "target_name": "rfds", "includes": ["native/rfds.gypi"] }] }
