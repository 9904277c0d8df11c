-- One sample of one device.
SELECT
    run_id, seq, ts, device, util_pct, mem_used_mb, mem_total_mb, power_w, temp_c, sm_clock_mhz, processes,
    mem_clock_mhz, throttle, pcie_rx_kb_s, pcie_tx_kb_s, ecc_errors, xid
FROM recorded.gpu
