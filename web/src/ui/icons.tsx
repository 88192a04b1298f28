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
