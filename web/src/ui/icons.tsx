/** The few drawings of the page. Their meaning stands beside them as text or label. */
import type { ReactNode } from "react";

function Icon({ children, wide = false }: { children: ReactNode; wide?: boolean }) {
  return (
    <svg
      className="icon" viewBox={wide ? "0 0 30 24" : "0 0 24 24"} aria-hidden="true" fill="none"
      stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

export const BackIcon = () => <Icon><path d="M15 5l-7 7 7 7" /></Icon>;
export const ChevronIcon = () => <Icon><path d="M6 9l6 6 6-6" /></Icon>;
export const SendIcon = () => <Icon><path d="M4 12l16-8-6 16-3-6z" /><path d="M11 14l9-10" /></Icon>;
export const CheckIcon = () => <Icon><path d="M5 12.5l4.5 4.5L19 7" /></Icon>;
export const MoreIcon = () => (
  <Icon><circle cx="5" cy="12" r="1" /><circle cx="12" cy="12" r="1" /><circle cx="19" cy="12" r="1" /></Icon>
);
export const CloseIcon = () => <Icon><path d="M6 6l12 12M18 6L6 18" /></Icon>;
export const ClockIcon = () => <Icon><circle cx="12" cy="12" r="8" /><path d="M12 8v4l3 2" /></Icon>;
export const AlertIcon = () => <Icon><circle cx="12" cy="12" r="9" /><path d="M12 7v6M12 16.5v.5" /></Icon>;
export const DoubleCheckIcon = () => <Icon wide><path d="M2 12.5L6.5 17 16 7" /><path d="M13 16l1.5 1L26 7" /></Icon>;
export const IdeaIcon = () => (
  <Icon><path d="M9 18h6M10 21h4" /><path d="M8 15a6 6 0 1 1 8 0c-.7.7-1 1.5-1 3H9c0-1.5-.3-2.3-1-3z" /></Icon>
);
export const GameIcon = () => (
  <Icon><rect x="4" y="4" width="16" height="16" rx="4" /><path d="M9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01" /></Icon>
);
export const LogoutIcon = () => <Icon><path d="M10 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h4" /><path d="M15 8l4 4-4 4M19 12h-9" /></Icon>;
export const PhoneIcon = () => (
  <Icon><path d="M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A16 16 0 0 1 4.5 6.2 2 2 0 0 1 6.5 4z" /></Icon>
);
export const HangUpIcon = () => (
  <Icon><path d="M3.5 15.5c-1-1-1.2-2.4-.3-3.4a12.6 12.6 0 0 1 17.6 0c.9 1 .7 2.4-.3 3.4l-.9.9-4-1.5v-2.6a13 13 0 0 0-7.2 0v2.6l-4 1.5z" /></Icon>
);
export const VideoIcon = () => <Icon><rect x="3" y="6" width="12" height="12" rx="3" /><path d="M15 11l6-4v10l-6-4" /></Icon>;
export const VideoOffIcon = () => (
  <Icon><path d="M9 6h3a3 3 0 0 1 3 3v2l6-4v10l-3-2M15 15a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3V9a3 3 0 0 1 2-2.8M3 3l18 18" /></Icon>
);
export const MicIcon = () => (
  <Icon><rect x="9" y="3" width="6" height="11" rx="3" /><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" /></Icon>
);
export const MicOffIcon = () => (
  <Icon><path d="M9 5.5A3 3 0 0 1 15 6v5m-1.5 2.6A3 3 0 0 1 9 11V9M5.5 11.5A6.5 6.5 0 0 0 16 16.6m2.2-2.9c.2-.7.3-1.4.3-2.2M12 18v3M3 3l18 18" /></Icon>
);
export const DevicesIcon = () => (
  <Icon><path d="M4 7h9M19 7h1M4 17h2M12 17h8" /><circle cx="16" cy="7" r="2.6" /><circle cx="9" cy="17" r="2.6" /></Icon>
);
export const MinimiseIcon = () => <Icon><path d="M10 4v6H4M14 20v-6h6M10 10L4 4M14 14l6 6" /></Icon>;
export const ExpandIcon = () => <Icon><path d="M4 10V4h6M20 14v6h-6M4 4l6 6M20 20l-6-6" /></Icon>;
export const PlaceIcon = () => (
  <Icon><path d="M12 21c4-4.4 6-7.6 6-10.5a6 6 0 0 0-12 0C6 13.4 8 16.6 12 21z" /><circle cx="12" cy="10.5" r="2.2" /></Icon>
);
export const WaveIcon = () => (
  <Icon><path d="M8 12V6.5a1.5 1.5 0 0 1 3 0V11V5a1.5 1.5 0 0 1 3 0v6V6.5a1.5 1.5 0 0 1 3 0V14a6 6 0 0 1-6 6c-3 0-4.5-2-6-5l-1-2a1.5 1.5 0 0 1 2.5-1.5L8 13" /></Icon>
);
export const LaughIcon = () => (
  <Icon><circle cx="12" cy="12" r="9" /><path d="M8.5 9.5h.01M15.5 9.5h.01M7.5 13.5h9a4.5 4.5 0 0 1-9 0z" /></Icon>
);
export const BlushIcon = () => (
  <Icon><circle cx="12" cy="12" r="9" /><path d="M8 10q1-1 2 0M14 10q1-1 2 0M9 15.5q3 2 6 0M6.5 13h1M16.5 13h1" /></Icon>
);
